/** The independent count: what containers wrote, as kubelet reads it from the disks of the nodes, past every shipper and store. */
import type { LogFields } from '../../env/schema.ts';
import { linesOnDisk } from '../../probes/arrivals/index.ts';
import type { DiskLine } from '../../probes/arrivals/index.ts';
import type { NewObservation } from '../../probes/history.ts';
import { KubeError } from '../../probes/kubernetes/index.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import type { DiskPod } from '../../suites/harness/protocol.ts';

/** Of one container: 1,500 requests leave some MB. */
const MOST_BYTES = 16 << 20;

/**
 * Everything that a container wrote since a time, of its last life as well where it had one.
 * @throws KubeError; Error where it wrote more than is read: kubelet gives the oldest lines and cuts the youngest off
 */
export async function readDisk(
  cluster: Pick<KubeCluster, 'client'>,
  { namespace, pod, container, restarts }: DiskPod,
  { sinceMs, signal }: { sinceMs: number; signal: AbortSignal },
): Promise<DiskLine[]> {
  const of = {
    ...{ namespace, pod, container, timestamps: true, limitBytes: MOST_BYTES },
    sinceTime: new Date(Math.floor(sinceMs)).toISOString(),
  };
  const before =
    restarts === 0
      ? ''
      : whole(await cluster.client.logs({ ...of, previous: true }, { signal }).catch(emptyWithoutFile));
  const now = whole(await cluster.client.logs(of, { signal }));
  return linesOnDisk(`${before}\n${now}`);
}

/** Of a container that was restarted while it was unwatched there may be no file: then there is nothing to count there. */
function emptyWithoutFile(error: unknown): string {
  if (error instanceof KubeError && (error.status === 400 || error.status === 404)) return '';
  throw error;
}

function whole(text: string): string {
  if (Buffer.byteLength(text) >= MOST_BYTES)
    throw new Error(`it wrote more than ${MOST_BYTES} bytes since then: its last lines were not read`);
  return text;
}

/** Numbered lines and lines of marked requests on one node's disk, as observations. */
export function countedOn(
  pod: DiskPod,
  lines: readonly DiskLine[],
  { run, fields }: { run: string; fields: LogFields },
): NewObservation[] {
  const series = new Map<string, [number, number][]>();
  const services = new Map<string, [number, number][]>();
  for (const { atMs, text } of lines) {
    if (!text.includes(run)) continue;
    const said = parsed(text);
    const mark = textOf(said[fields.mark]);
    if (mark.startsWith(`${run}/line/`)) {
      const n = Number(said[fields.number]);
      if (Number.isInteger(n)) push(series, mark, [n, atMs]);
      continue;
    }
    const n = Number(new RegExp(`^${run}/(\\d+)$`).exec(mark)?.[1]);
    if (Number.isInteger(n)) push(services, textOf(said[fields.service]), [n, atMs]);
  }
  const where = { node: pod.node, namespace: pod.namespace, pod: pod.pod };
  return [
    ...[...series].map(([mark, of]) => ({ kind: 'disk-lines', ...where, mark, lines: of })),
    ...[...services].map(([service, of]) => ({ kind: 'disk-requests', ...where, service, lines: of })),
    { kind: 'disk', ...where, container: pod.container, lines: lines.length },
  ];
}

function push<T>(into: Map<string, T[]>, key: string, one: T): void {
  const found = into.get(key);
  if (found === undefined) into.set(key, [one]);
  else found.push(one);
}

/** A line that is no JSON object has no fields. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
