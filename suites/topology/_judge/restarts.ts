import type { History } from '../../../reports/record/history/history.ts';
import { DRILLS_KEPT_MS } from '../../../reports/record/settings.ts';
import type { HeaderSettings } from '../../../reports/record/settings.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { all } from '../../../reports/judge/observed.ts';
import { wallOf } from '../../../reports/judge/telemetry/clocks.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A container that restarts evenly has ended within the mean time between two of them; twice that allows for what is not even. */
const INTERVALS = 2;
/** Fewer restarts than this make no rate. */
const LEAST_RESTARTS = 3;
/** A drill kills a container, and a probe may do so once more before it has recovered. */
const RESTARTS_A_DRILL = 2;
/** A container's end this near a drill, before or after, may be its doing: a node's clock may be off, or the container ends late. */
const BEFORE_MS = 60_000;
const AFTER_MS = 60_000;

/** Why a container ended that no drill has ended: it took more memory than it may. */
const NO_DRILL = 'OOMKilled';

type Drilled = NonNullable<HeaderSettings['drilled']>[number];
type Container = Seen<'pod'>['containers'][number] & { endedAgoMs: number | null };

interface Pod extends Seen<'pod'> {
  ageMs: number;
  /** Of all its containers. */
  restarts: number;
  containers: Container[];
}

interface Limits {
  allowed: number;
  windowMs: number;
  perHour: number;
  perDay: number;
  drilled: readonly Drilled[];
  /** Why other drills may have happened that are not listed. */
  drillsUnknown: string | undefined;
}

/** Every pod runs quietly: nothing waits, nothing has restarted recently, and nothing keeps restarting. */
export function judgePods(history: History, findings: Findings): void {
  const limits: Limits = {
    allowed: findings.goal('maxRestarts'),
    windowMs: findings.goal('restartWindowMinutes') * MINUTE_MS,
    perHour: findings.goal('restartsPerHour'),
    perDay: findings.goal('restartsPerDay'),
    drilled: history.header.settings.drilled ?? [],
    drillsUnknown: history.header.settings.drillsUnknown,
  };
  for (const pod of all(history, 'pod')) judgePod(findings, aged(history, pod), limits);
}

/** A pod with what is as long ago as it was looked at, by this machine's clock; a node's may be ahead. */
function aged(history: History, pod: Seen<'pod'>): Pod {
  const agoMs = (at: string): number => Math.max(0, wallOf(history, pod.t) - Date.parse(at));
  const containers = pod.containers.map((one) => {
    const endedAgoMs = one.endedAt === null ? null : agoMs(one.endedAt);
    return { ...one, endedAgoMs };
  });
  const restarts = containers.reduce((sum, one) => sum + one.restarts, 0);
  return { ...pod, containers, restarts, ageMs: agoMs(pod.createdAt) };
}

function judgePod(findings: Findings, pod: Pod, limits: Limits): void {
  const subject = subjectOf(pod);
  leaveUnseen(findings, pod, limits);
  const lately = pod.containers.filter((container) => isLate(container, limits));
  const of = (cause: Cause): Container[] =>
    lately.filter((container) => causeOf(container, pod, limits) === cause);
  const again = pod.containers.filter((container) => isAgain(container, pod, limits));
  const isOwn = again.some((container) => !mayBeUnlisted(container, limits));
  const troubles = [...pod.waiting, ...of('own').map(lateText), ...(isOwn ? [againText(pod)] : [])];
  findings.expect(subject, troubles.length === 0, 'running quietly', troubles.join(', ') || 'running');
  for (const one of of('unclear'))
    findings.unknown(subject, 'running quietly', `${lateText(one)}, while a drill hit another pod`);
  const byDrill = of('drill');
  for (const one of byDrill) findings.note(`${subject}: ${lateText(one)}, caused by a drill`);
  const many = byDrill.length > 0 ? tooMany(pod, limits) : [];
  const { drillsUnknown } = limits;
  if (drillsUnknown === undefined) {
    for (const text of many)
      findings.expect(subject, false, 'no restarts except those that a drill causes', text);
    return;
  }
  const keeps = again.length > 0 && !isOwn ? [againText(pod)] : [];
  leaveOpen(findings, subject, drillsUnknown, [...of('unlisted').map(lateText), ...keeps, ...many]);
}

/** Containers of which the node says nothing, and many restarts of which nobody knows when the last was. */
function leaveUnseen(findings: Findings, pod: Pod, limits: Limits): void {
  const { containers } = pod;
  if (containers.length === 0) findings.unknown(subjectOf(pod), 'running quietly', 'no container was seen');
  if (containers.some((one) => one.endedAgoMs === null && isOften(one, pod, limits)))
    findings.unknown(subjectOf(pod), 'running quietly', `${againText(pod)}; it is unknown when the last was`);
}

/** Restarts that drills of which this run knows nothing may have caused. */
function leaveOpen(findings: Findings, subject: string, why: string, restarts: readonly string[]): void {
  if (restarts.length === 0) return;
  const seen = `${restarts.join(', ')}; it is unknown whether other drills caused them: ${why}`;
  findings.unknown(subject, 'running quietly', seen);
}

/** Whether a drill of which this run knows nothing may have caused the last end of a container. */
function mayBeUnlisted({ endedAgoMs, why }: Container, { drillsUnknown }: Limits): boolean {
  return (
    why !== NO_DRILL && drillsUnknown !== undefined && endedAgoMs !== null && endedAgoMs < DRILLS_KEPT_MS
  );
}

const lateText = ({ name, restarts, endedAgoMs }: Container): string =>
  `${restarts} restarts of ${name}, the last ${Math.round((endedAgoMs ?? 0) / 1000)} s ago`;

function againText({ restarts, ageMs }: Pod): string {
  return `${restarts} restarts in ${(ageMs / HOUR_MS).toFixed(1)} hours`;
}

function isLate({ restarts, endedAgoMs }: Container, { allowed, windowMs }: Limits): boolean {
  return endedAgoMs !== null && endedAgoMs < windowMs && restarts > allowed;
}

/**
 * Whether a container keeps restarting. The last must be recent, by how often it restarts: services restart while they wait for each other in a
 * cluster that comes up, and then stop.
 */
function isAgain(container: Container, pod: Pod, limits: Limits): boolean {
  const { endedAgoMs, restarts } = container;
  const recentMs = Math.max(limits.windowMs, HOUR_MS, (INTERVALS * pod.ageMs) / Math.max(1, restarts));
  return endedAgoMs !== null && endedAgoMs <= recentMs && isOften(container, pod, limits);
}

/**
 * Whether a container restarts too often, by its rate over the life of the pod without restarts that drills may have caused. An hour may have more of
 * them than each hour of a day, so that a pod that is older than a day is held against both.
 */
function isOften({ restarts }: Container, pod: Pod, { allowed, perHour, perDay, drilled }: Limits): boolean {
  const drills = drilled.filter(({ pods, to }) => pods.includes(idOf(pod)) && to >= pod.createdAt).length;
  const own = restarts - drills * RESTARTS_A_DRILL;
  const few = Math.max(allowed, LEAST_RESTARTS);
  if (own > few && own / Math.max(1, pod.ageMs / HOUR_MS) > perHour) return true;
  return pod.ageMs >= DAY_MS && own - few > perDay * (pod.ageMs / DAY_MS);
}

/**
 * The target of a drill may restart a few times; one that keeps restarting does not recover. Empty where the restarts are few, or where it
 * is unknown how many there were before; else one text.
 */
function tooMany(pod: Pod, { allowed, drilled }: Limits): string[] {
  const own = drilled.filter(({ pods, to }) => pods.includes(idOf(pod)) && to >= pod.createdAt);
  const drill = own.findLast(({ from, to }) => pod.containers.some((one) => endedIn(one, { from, to })));
  if (drill === undefined) return [];
  const before = drill.from < pod.createdAt ? 0 : drill.restarts?.[idOf(pod)];
  if (before === undefined) return [];
  const drills = own.filter(({ from }) => from >= drill.from).length;
  const explained = drills * RESTARTS_A_DRILL * pod.containers.length;
  const since = pod.restarts - before;
  return since > explained + Math.max(allowed, LEAST_RESTARTS)
    ? [`${since} restarts since the drill of ${drill.from}, which explains at most ${explained}`]
    : [];
}

function endedIn({ endedAt }: Container, { from, to }: Pick<Drilled, 'from' | 'to'>): boolean {
  const ended = Date.parse(endedAt ?? '');
  return ended >= Date.parse(from) - BEFORE_MS && ended <= Date.parse(to) + AFTER_MS;
}

type Cause = 'own' | 'drill' | 'unclear' | 'unlisted';

/**
 * Cause of the last end of a container: a drill on its pod, unclear (a drill had another target then), its own, or either of the first and the last
 * where not all drills are known.
 */
function causeOf(container: Container, pod: Pod, limits: Limits): Cause {
  if (container.why === NO_DRILL) return 'own';
  const then = limits.drilled.filter((drill) => endedIn(container, drill));
  if (then.some(({ pods }) => pods.includes(idOf(pod)))) return 'drill';
  if (then.length > 0) return 'unclear';
  return mayBeUnlisted(container, limits) ? 'unlisted' : 'own';
}

const subjectOf = (pod: Pod): string => `Pod ${idOf(pod)}`;

const idOf = ({ namespace, name }: Pod): string => `${namespace}/${name}`;
