import { basename } from 'node:path';

/** Devices that a container was given, and the source that names them; null: no source names them, so they are unknown. */
export interface Given {
  devices: string[] | null;
  reportedBy: 'variable' | 'volume mounts' | 'device nodes' | null;
  /** Why the devices are unknown; empty where a source names them. */
  detail: string;
}

export interface Telling {
  /** Environment variable in which the device plugin may list them. */
  variable: string;
  kind: 'whole' | 'mig' | 'shared';
  /** No real device is behind a name, so only the variable can name one. */
  simulated: boolean;
}

/** Where NVIDIA's device plugin mounts a file for each device (strategy `volume-mounts`); the variable then holds this path. */
const MOUNTS = '/var/run/nvidia-container-devices';
/** Values that name no device: with CDI the variable is `void`, whatever the container was given. */
const SILENT = new Set(['', 'void', 'none', 'all', MOUNTS]);
const DIVIDER = '-- devices --';

/** Device nodes; only the first pattern that matches counts, because a device may have nodes of several. */
const NODES = [/^\/dev\/nvidia\d+$/, /^\/dev\/dri\/renderD\d+$/, /^\/dev\/accel\/accel\d+$/];

/** Command for a container with busybox: prints its environment, then the files that may name its devices. */
export const GIVEN_COMMAND = [
  'busybox',
  'sh',
  '-c',
  `busybox env; echo '${DIVIDER}'; busybox find /dev ${MOUNTS} ! -type d 2>/dev/null; true`,
];

/** Reads what GIVEN_COMMAND has printed. */
export function devicesGiven(output: string, telling: Telling): Given {
  const [environment = '', files = ''] = output.split(`${DIVIDER}\n`);
  const value = valueOf(environment, telling.variable);
  const named = (value ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !SILENT.has(name) && !name.endsWith('=all'));
  if (named.length > 0) return { devices: named, reportedBy: 'variable', detail: '' };
  if (telling.simulated && value === undefined)
    return { devices: [], reportedBy: 'variable', detail: `${telling.variable} is not set` };
  const said = value === undefined ? 'is not set' : `is "${value}"`;
  return byFiles(files.split('\n'), telling, `${telling.variable} ${said}`);
}

function byFiles(files: readonly string[], { kind }: Telling, said: string): Given {
  const mounts = files.filter((file) => file.startsWith(`${MOUNTS}/`) && !file.endsWith('/all'));
  if (mounts.length > 0) {
    const devices = mounts.map((file) => file.slice(MOUNTS.length + 1)).sort();
    return { devices, reportedBy: 'volume mounts', detail: '' };
  }
  // All MIG instances of a device share its node, so the node does not identify an instance.
  if (kind === 'mig')
    return {
      devices: null,
      reportedBy: null,
      detail: `${said}, and device nodes cannot identify MIG instances`,
    };
  const nodes = NODES.map((pattern) => files.filter((file) => pattern.test(file))).find(
    (found) => found.length > 0,
  );
  if (nodes !== undefined)
    return { devices: nodes.map((file) => basename(file)).sort(), reportedBy: 'device nodes', detail: '' };
  return {
    devices: null,
    reportedBy: null,
    detail: `${said}, and the container has no device node or mount`,
  };
}

/** The value of a variable; undefined: it is not set. */
function valueOf(environment: string, variable: string): string | undefined {
  const line = environment.split('\n').findLast((one) => one.startsWith(`${variable}=`));
  return line?.slice(variable.length + 1);
}
