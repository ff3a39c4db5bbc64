/** Log lines of canary requests, by service. */
import { add } from '../../../reports/judge/count.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { loggedNameOf, workloadNameOf } from '../../../reports/record/names/path-names.ts';
import { all } from '../../../reports/judge/observed.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { offsetOf, ownMs } from '../../../reports/judge/telemetry/clocks.ts';
import { goalOf, numberIn, pathOf, sweptMs } from './observed.ts';
import type { CanaryRequest } from './observed.ts';

export interface RequestLine extends Omit<Seen<'request-line'>, 'kind' | 't'> {
  n: number;
}

/** Lines in the store, each record once. */
export function requestLines(history: History): RequestLine[] {
  return all(history, 'request-line').map(({ t, correlationId, service, traceId, seenMs, atMs, pod }) => ({
    n: numberIn(correlationId),
    correlationId,
    service,
    traceId,
    seenMs: ownMs(history, t, seenMs),
    atMs,
    pod,
  }));
}

/** Each line belongs to a request that was sent, comes from a pod of its service, and carries no other request's trace id. */
export function requestLinesRule(
  history: History,
  findings: Findings,
  of: { sent: readonly Pick<CanaryRequest, 'correlationId' | 'traceId'>[]; lines: readonly RequestLine[] },
): void {
  const { lines } = of;
  const hops = pathOf(history.header);
  const names = [
    ...hops.map(workloadNameOf),
    ...(history.header.settings.workloads ?? []).map(({ name }) => name),
  ];
  const correlationIds = new Set(of.sent.map(({ correlationId }) => correlationId));
  const owners = new Map(
    of.sent.flatMap(({ correlationId, traceId }) =>
      traceId === '' ? [] : [[traceId, correlationId] as const],
    ),
  );
  // A cache: thousands of lines come from a few pods.
  const ofPods = new Map<string, readonly string[]>();
  const namesIn = (pod: string): readonly string[] => {
    const before = ofPods.get(pod);
    if (before !== undefined) return before;
    const owner = ownerOf(pod, names);
    const own = hops.filter((hop) => workloadNameOf(hop) === owner).map(loggedNameOf);
    ofPods.set(pod, own);
    return own;
  };
  const isStrange = ({ correlationId, service, pod, traceId }: RequestLine): boolean =>
    !correlationIds.has(correlationId) ||
    (owners.get(traceId) ?? correlationId) !== correlationId ||
    (namesIn(pod).length > 0 && !namesIn(pod).includes(service));
  const strange = lines.find(isStrange);
  findings.rule('request-lines');
  const expected = 'each from a request that was sent, and from a pod of its service';
  if (strange === undefined) findings.expect('log lines of requests', true, expected, `${lines.length}`);
  else
    findings.unknown(
      'log lines of requests',
      expected,
      `${strange.correlationId} of ${strange.service} (${strange.pod})`,
    );
}

/** The workload that owns a pod, by the pod's name; undefined: none of these. */
function ownerOf(pod: string, names: readonly string[]): string | undefined {
  return names
    .filter((name) => pod.startsWith(`${name}-`) && OWN.test(pod.slice(name.length)))
    .toSorted((a, b) => b.length - a.length)[0];
}

/**
 * Suffixes that controllers append to a workload's name: two random parts (Deployment), one (DaemonSet), a number (StatefulSet).
 * Kubernetes draws them from letters and digits that form no words (apimachinery, util/rand), so `api-worker-…` is no pod of `api`.
 */
const OWN = /^-(?:(?:[bcdfghjklmnpqrstvwxz2456789]{1,10}-)?[bcdfghjklmnpqrstvwxz2456789]{5}|\d+)$/;

/** Of each pod whose disk was read, by service: lines that it holds, and how the store differs. */
export interface Held {
  service: string;
  node: string;
  pod: string;
  /** Lines on the disk. */
  lines: number;
  /** Of them not in the store. */
  lost: number;
  /** Of them not in the store, and too young to be. */
  young: number;
  /** Of them not in the store with their pod, but in a record that names no pod. */
  unplaced: number;
  /** In the store more often than on the disk. */
  twice: number;
}

/**
 * Disks are read after the store was asked for everything: lines that were younger by then than the goal allows are not missing. The store is
 * asked that long after the last request, so these were written after its answer.
 */
export function heldOnDisks(
  history: History,
  { sent, stored }: { sent: readonly CanaryRequest[]; stored: readonly RequestLine[] },
): Held[] {
  const numbers = new Set(sent.map(({ n }) => n));
  const dueByMs = sweptMs(history, 'logs') - goalOf(history.header, 'visibleSeconds') * 1000;
  const counts = new Map<string, number>();
  const timesStored = (service: string, pod: string, n: number): number =>
    counts.get(`${service}|${pod}|${n}`) ?? 0;
  for (const { n, service, pod } of stored) add(counts, `${service}|${pod}|${n}`);
  return all(history, 'disk').flatMap(({ node, pod, requests }) => {
    const clock = offsetOf(history, node);
    const isYoung = (atMs: number): boolean =>
      clock !== null && atMs - clock.offsetMs - clock.errorMs > dueByMs;
    return requests.map(({ service, lines }) => {
      const written = new Map<number, number>();
      const due = new Map<number, number>();
      for (const [n, atMs] of lines) {
        add(written, n);
        if (!isYoung(atMs) || !numbers.has(n)) add(due, n);
      }
      const held: Held = {
        service,
        node,
        pod,
        lines: lines.length,
        lost: 0,
        young: 0,
        unplaced: 0,
        twice: 0,
      };
      for (const [n, count] of written) {
        const there = timesStored(service, pod, n);
        const short = Math.max(0, (due.get(n) ?? 0) - there);
        const unplaced = Math.min(short, timesStored(service, '', n));
        held.lost += short - unplaced;
        held.unplaced += unplaced;
        held.young += Math.max(0, count - there) - short;
        held.twice += Math.max(0, there - count);
      }
      return held;
    });
  });
}
