import { basename } from 'node:path';

/** Which devices a container was given, and what named them; null: nothing does, so that nobody can say. */
export interface Given {
  devices: string[] | null;
  toldBy: 'variable' | 'volume mounts' | 'device nodes' | null;
  /** Why nobody can say; empty where something names them. */
  detail: string;
}

export interface Telling {
  /** The variable that names them where the device plugin is set up so. */
  variable: string;
  kind: 'whole' | 'mig' | 'shared';
  /** No device is behind a name: then nothing but the variable can tell of one. */
  simulated: boolean;
}

/** Where NVIDIA's device plugin mounts a file for each device (strategy `volume-mounts`); the variable then holds this path. */
const MOUNTS = '/var/run/nvidia-container-devices';
/** Values that name no device: with CDI the variable is `void`, whatever the container was given. */
const SILENT = new Set(['', 'void', 'none', 'all', MOUNTS]);
const MARK = '-- devices --';

/** Nodes of one vendor each; the first that is there counts, since a device may have nodes of several. */
const NODES = [/^\/dev\/nvidia\d+$/, /^\/dev\/dri\/renderD\d+$/, /^\/dev\/accel\/accel\d+$/];

/** For a container with busybox: its variables, then the files by which it may have been given devices. */
export const GIVEN_COMMAND = [
  'busybox',
  'sh',
  '-c',
  `busybox env; echo '${MARK}'; busybox find /dev ${MOUNTS} ! -type d 2>/dev/null; true`,
];

/** Reads what GIVEN_COMMAND has printed. */
export function devicesGiven(output: string, telling: Telling): Given {
  const [environment = '', files = ''] = output.split(`${MARK}\n`);
  const value = valueOf(environment, telling.variable);
  const named = (value ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !SILENT.has(name) && !name.endsWith('=all'));
  if (named.length > 0) return { devices: named, toldBy: 'variable', detail: '' };
  if (telling.simulated && value === undefined)
    return { devices: [], toldBy: 'variable', detail: `${telling.variable} is not set` };
  const said = value === undefined ? 'is not set' : `is "${value}"`;
  return byFiles(files.split('\n'), telling, `${telling.variable} ${said}`);
}

function byFiles(files: readonly string[], { kind }: Telling, said: string): Given {
  const mounts = files.filter((file) => file.startsWith(`${MOUNTS}/`) && !file.endsWith('/all'));
  if (mounts.length > 0) {
    const devices = mounts.map((file) => file.slice(MOUNTS.length + 1)).sort();
    return { devices, toldBy: 'volume mounts', detail: '' };
  }
  // Instances of one device share its node, so that it cannot tell them apart.
  if (kind === 'mig')
    return { devices: null, toldBy: null, detail: `${said}, and nodes of devices do not tell MIG instances` };
  const nodes = NODES.map((pattern) => files.filter((file) => pattern.test(file))).find(
    (found) => found.length > 0,
  );
  if (nodes !== undefined)
    return { devices: nodes.map((file) => basename(file)).sort(), toldBy: 'device nodes', detail: '' };
  return { devices: null, toldBy: null, detail: `${said}, and no node or mount of a device is there` };
}

/** Undefined: there is no such variable. */
function valueOf(environment: string, variable: string): string | undefined {
  const line = environment.split('\n').findLast((one) => one.startsWith(`${variable}=`));
  return line?.slice(variable.length + 1);
}
