import { basename } from 'node:path';
import type { DEVICE_SOURCES } from '../../reports/record/observations/gpu.ts';

type Source = (typeof DEVICE_SOURCES)[number];

/** What one source names. */
interface Named {
  by: Source;
  devices: string[];
}

/** Devices that a container was given, and the source that names them; null: no source names them, so they are unknown. */
export interface Given {
  devices: string[] | null;
  reportedBy: Source | null;
  /** Whether a real device is in the container: its node in `/dev`, also one that identifies none, or an `nvidia-smi` that lists one. */
  present: boolean;
  /** Why the devices are unknown; empty where a source names them. */
  detail: string;
  /** Every source that names some, the most trusted first. */
  sources: Named[];
}

export interface Telling {
  /** Environment variable in which the device plugin may list them. */
  variable: string;
  kind: 'whole' | 'mig' | 'shared';
  /** No real device is behind a name, and so no driver: what the plugin gave the container names one. */
  simulated: boolean;
}

/** Values that name no device: with CDI the variable is `void`, whatever the container was given; the path is that of the strategy `volume-mounts`. */
const SILENT = new Set(['', 'void', 'none', 'all', '/var/run/nvidia-container-devices']);
/** What the command prints before each of its parts but the first. */
const PARTS = { files: '-- devices --', smi: '-- nvidia-smi --' } as const;

/** Device nodes; only the first pattern that matches counts, because a device may have nodes of several. */
const NODES = [/^\/dev\/nvidia\d+$/, /^\/dev\/dri\/renderD\d+$/, /^\/dev\/accel\/accel\d+$/];

/**
 * Command for a container with busybox: prints its environment, the files that may name its devices, and what `nvidia-smi -L` says.
 * @param smiSeconds how long `nvidia-smi` may take
 */
export function givenCommand(smiSeconds: number): string[] {
  const script = [
    'busybox env',
    `echo '${PARTS.files}'`,
    'busybox find /dev ! -type d 2>/dev/null',
    `echo '${PARTS.smi}'`,
    `busybox timeout ${smiSeconds} nvidia-smi -L 2>&1`,
    'echo "exit $?"',
  ];
  return ['busybox', 'sh', '-c', script.join('; ')];
}

/** What the container has printed, part by part. */
interface Printed {
  environment: string;
  files: string[];
  /** What `nvidia-smi -L` printed; null: it is not there, or failed. */
  smi: string | null;
}

function partsOf(output: string): Printed {
  const found = new Map<string, string[]>();
  let part = '';
  for (const line of output.split('\n')) {
    if (Object.values<string>(PARTS).includes(line)) part = line;
    else found.set(part, [...(found.get(part) ?? []), line]);
  }
  const textOf = (name: string): string | null => found.get(name)?.join('\n') ?? null;
  const smi = textOf(PARTS.smi);
  return {
    environment: textOf('') ?? '',
    files: found.get(PARTS.files) ?? [],
    smi: smi !== null && (/^exit 0$/m.test(smi) || NO_DEVICE.test(smi)) ? smi : null,
  };
}

/**
 * Reads what `givenCommand` has printed. The sources in the order in which they are trusted: the driver in the container, the nodes in its `/dev`,
 * and what the container was merely told, which under CDI says nothing.
 */
export function devicesGiven(output: string, telling: Telling): Given {
  const printed = partsOf(output);
  const value = valueOf(printed.environment, telling.variable);
  const found: [Source, string[] | null][] = [
    ['nvidia-smi', telling.simulated ? null : smiDevices(printed.smi, telling)],
    ['device nodes', nodeDevices(printed.files, telling)],
    ['variable', variableDevices(value)],
  ];
  const sources = found.flatMap(([by, devices]) => (devices === null ? [] : [{ by, devices }]));
  const [most] = sources;
  const present = isPresent(printed);
  if (most !== undefined) return { devices: most.devices, reportedBy: most.by, present, detail: '', sources };
  const detail = unknownText(value, telling);
  // A plugin of simulated devices gives them in no other way.
  if (telling.simulated && value === undefined)
    return { devices: [], reportedBy: 'variable', present, detail, sources };
  return { devices: null, reportedBy: null, present, detail, sources };
}

/** What the plugin says was allocated may have been put into the container or not: its runtime does that. */
function isPresent({ files, smi }: Printed): boolean {
  const listed = (smi ?? '').split('\n').some((line) => SMI_LINE.test(line));
  return listed || files.some((file) => NODES.some((pattern) => pattern.test(file)));
}

function unknownText(value: string | undefined, { variable, kind }: Telling): string {
  const said = `${variable} ${value === undefined ? 'is not set' : `is "${value}"`}`;
  // All MIG instances of a device share its node, so the node does not identify an instance.
  const files =
    kind === 'mig'
      ? 'device nodes cannot identify MIG instances'
      : 'the container has no device node that names one';
  return `${said}, and ${files}, and there is no nvidia-smi that answers`;
}

/** What `nvidia-smi -L` says where there is a driver and no device. */
const NO_DEVICE = /^No devices (were )?found/m;
/** `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-…)`, and indented below it `MIG 1g.10gb Device 0: (UUID: MIG-…)` (NVIDIA's MIG User Guide). */
const SMI_LINE = /^(\s*)(GPU|MIG) .*\(UUID: ([^)\s]+)\)\s*$/;

/** Of a device with instances these alone were given, beside which it has a line of its own. A driver that lists no instance names none. */
function smiDevices(text: string | null, { kind: wanted }: Telling): string[] | null {
  if (text === null) return null;
  const lines = text.split('\n').flatMap((line) => {
    const [, , kind = '', id = ''] = SMI_LINE.exec(line) ?? [];
    return id === '' ? [] : [{ kind, id }];
  });
  if (lines.length === 0) return NO_DEVICE.test(text) ? [] : null;
  const instances = lines.filter(({ kind }) => kind === 'MIG');
  if (wanted === 'mig' && instances.length === 0) return null;
  return unique((instances.length > 0 ? instances : lines).map(({ id }) => id));
}

/**
 * Access to a MIG instance is a node in this folder beside that of its device, which all instances of the device share; the first two are for
 * settings (NVIDIA's MIG User Guide, "Device Nodes and Capabilities"). With the plugin's strategy "single" the resource does not tell.
 */
const OF_INSTANCE = /^\/dev\/nvidia-caps\/nvidia-cap(?![12]$)\d+$/;

function nodeDevices(files: readonly string[], { kind }: Telling): string[] | null {
  if (kind === 'mig' || files.some((file) => OF_INSTANCE.test(file))) return null;
  const nodes = NODES.map((pattern) => files.filter((file) => pattern.test(file))).find(
    (some) => some.length > 0,
  );
  return nodes === undefined ? null : unique(nodes.map((file) => basename(file)));
}

function variableDevices(value: string | undefined): string[] | null {
  const names = (value ?? '').split(',').map((name) => name.trim());
  const named = names.filter((name) => !SILENT.has(name) && !name.endsWith('=all'));
  // NVIDIA's plugin adds a number for each time slice of a device: `GPU-…::3`.
  return named.length === 0 ? null : unique(named.map((name) => name.replace(/::\d+$/, '')));
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** The value of a variable; undefined: it is not set. */
function valueOf(environment: string, variable: string): string | undefined {
  const line = environment.split('\n').findLast((one) => one.startsWith(`${variable}=`));
  return line?.slice(variable.length + 1);
}
