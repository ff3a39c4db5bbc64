/** The independent count: what containers wrote, as kubelet reads it from the nodes' disks, without any shipper or store. */
import { linesOnDisk } from '../../../probes/arrivals/index.ts';
import type { DiskLine } from '../../../probes/arrivals/index.ts';
import { fieldOf, keyOf, leavesOf, objectIn } from '../../../probes/logs/index.ts';
import type { LogFields } from '../../../probes/logs/index.ts';
import { KubeError } from '../../../probes/kubernetes/index.ts';
import type { KubeCluster } from '../../../probes/kubernetes/index.ts';
import { LINE_WRITER } from '../../../reports/record/observations/telemetry.ts';
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { ClockedPod, DiskPod } from '../../../suites/harness/protocol.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { tracePrefixOf } from '../../../probes/application/trace-ids.ts';

/** Per container: 1,500 requests leave some MB. */
const MOST_BYTES = 16 << 20;

/** A container wrote more than is read at once. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
}

/** A time of the harness by the clock of a pod's node, less the most that this clock may be off; ms. */
export function onNode(atMs: number, { clock }: Pick<ClockedPod, 'clock'>): number {
  return atMs + clock.offsetMs - clock.errorMs;
}

/**
 * Everything that a container wrote since a time, including before its last restart.
 * @param tailLines its last lines instead, however old they are
 * @throws KubeError; TooLong: kubelet gives the oldest lines and cuts the youngest off
 */
export async function readDisk(
  cluster: Pick<KubeCluster, 'client'>,
  of: ClockedPod,
  { sinceMs = 0, tailLines, signal }: { sinceMs?: number; tailLines?: number; signal: AbortSignal },
): Promise<DiskLine[]> {
  const { namespace, pod, container, restarts } = of;
  // The node's clock sets the times of lines, and the cut-off.
  const since = Math.max(0, Math.floor(onNode(sinceMs, of)));
  const asked = {
    namespace,
    pod,
    container,
    timestamps: true,
    limitBytes: MOST_BYTES,
    ...(tailLines === undefined ? { sinceTime: new Date(since).toISOString() } : { tailLines }),
  };
  const before =
    restarts === 0
      ? ''
      : whole(await cluster.client.logs({ ...asked, previous: true }, { signal }).catch(emptyWithoutFile));
  const now = whole(await cluster.client.logs(asked, { signal }));
  return linesOnDisk(`${before}\n${now}`);
}

/** A container that restarted unwatched may have no previous log: then there is nothing to count. */
function emptyWithoutFile(error: unknown): string {
  if (error instanceof KubeError && (error.status === 400 || error.status === 404)) return '';
  throw error;
}

function whole(text: string): string {
  if (Buffer.byteLength(text) >= MOST_BYTES)
    throw new TooLong(
      `it wrote more than the ${MOST_BYTES} bytes that are read at once: its last lines were not read`,
    );
  return text;
}

/** How lines of a run are recognised. */
interface Wanted {
  run: string;
  fields: LogFields;
  /** Numbers of requests by their trace ids; left out: lines have the correlation id of their request. */
  traced?: ReadonlyMap<string, number>;
}

/**
 * Numbered lines and lines of canary requests on one node's disk.
 * @throws Error where lines have id or service under another key than is declared: they could not be compared with the store
 */
export function countedOn(
  { node, pod, container }: DiskPod,
  lines: readonly DiskLine[],
  wanted: Wanted,
): { kind: 'disk' } & Fields<'disk'> {
  const series = new Map<string, [number, number][]>();
  const services = new Map<string, [number, number][]>();
  let count = 0;
  let elsewhere: string | undefined;
  const { run, fields, traced } = wanted;
  const begins = traced === undefined ? [run] : [run, tracePrefixOf(run)];
  for (const { atMs, text } of lines) {
    if (!begins.some((begin) => text.includes(begin))) continue;
    const said = objectIn(text);
    const counted = idIn(said, wanted);
    if (counted === null) {
      elsewhere ??= keyIn(said, wanted);
      continue;
    }
    const { correlationId, request, n } = counted;
    if (!request) push(series, correlationId, [n, atMs]);
    else push(services, textOf(fieldOf(said, fields.service.line)), [n, atMs]);
    count += 1;
  }
  const wrong = misread(wanted, {
    elsewhere: count === 0 ? elsewhere : undefined,
    nameless: services.size === 1 && services.has(''),
  });
  if (wrong !== null) throw new Error(wrong);
  return {
    kind: 'disk',
    node,
    pod,
    writer: container === LINE_WRITER,
    series: [...series].map(([correlationId, of]) => ({ correlationId, lines: of })),
    requests: [...services].map(([service, of]) => ({ service, lines: of })),
  };
}

/** Why what was counted cannot be compared with the store; null: it can. */
function misread(
  { fields: { correlationId, traceId, service }, traced }: Wanted,
  { elsewhere, nameless }: { elsewhere: string | undefined; nameless: boolean },
): string | null {
  if (elsewhere !== undefined)
    return traced === undefined
      ? `its lines have correlation ids at \`${elsewhere}\`, and none at \`${correlationId.line}\` (${keyOf('correlationId', 'line')})`
      : `its lines have trace ids at \`${elsewhere}\`, and none at \`${traceId.line}\` (${keyOf('traceId', 'line')})`;
  if (!nameless) return null;
  return `its lines of requests do not name their service: none has \`${service.line}\` (${keyOf('service', 'line')})`;
}

/** The id of a line, and its number; null: it is none of this run. */
function idIn(
  said: Readonly<Record<string, unknown>>,
  { run, fields, traced }: Wanted,
): { correlationId: string; request: boolean; n: number } | null {
  const correlationId = textOf(fieldOf(said, fields.correlationId.line));
  const request =
    traced === undefined
      ? new RegExp(`^${run}/(\\d+)$`).exec(correlationId)?.[1]
      : traced.get(textOf(fieldOf(said, fields.traceId.line)));
  if (request === undefined && !correlationId.startsWith(`${run}/line/`)) return null;
  const n = Number(request ?? fieldOf(said, fields.number.line));
  return Number.isInteger(n) ? { correlationId, request: request !== undefined, n } : null;
}

/** Where a line has what its request or numbered line is recognised by. */
function keyIn(said: Readonly<Record<string, unknown>>, { run, traced }: Wanted): string | undefined {
  const id = new RegExp(`^${run}/(?:\\d+|line/.+)$`);
  const isIt = (value: string): boolean => traced?.has(value) ?? id.test(value);
  return leavesOf(said).find(([, value]) => isIt(value))?.[0];
}

function push<T>(into: Map<string, T[]>, key: string, one: T): void {
  const found = into.get(key);
  if (found === undefined) into.set(key, [one]);
  else found.push(one);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A container whose log cannot be read: nobody knows what it wrote. */
export function unread(
  { node, pod, container, workload }: DiskPod & { workload: string | null },
  error: unknown,
): { kind: 'disk-unread' } & Fields<'disk-unread'> {
  const reason = errorText(error);
  return { kind: 'disk-unread', node, pod, container, workload, reason };
}
