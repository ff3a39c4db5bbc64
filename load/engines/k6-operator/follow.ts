/** Watches a TestRun from its creation until its pods have ended. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import { describe } from '../../../probes/kubernetes/cache/ready.ts';
import { isTransient, unavailableText } from '../../../probes/kubernetes/errors.ts';
import type { KubeObject } from '../../../probes/kubernetes/types.ts';
import type { LoadRequest } from '../engine.ts';
import type { Ending } from '../k6/exit-codes.ts';
import type { LiveCounts } from './live.ts';

export interface Timeouts {
  /** From creation until all pods run; most of it is pulling the k6 image. */
  startMs: number;
  /** If no counts can be read, or the TestRun not be seen, for this long, the load is ended, since its limits cannot be enforced. */
  uncountedMs: number;
  /** For deleting all objects. */
  cleanUpMs: number;
  pollMs: number;
}

export const TIMEOUTS: Timeouts = { startMs: 300_000, uncountedMs: 15_000, cleanUpMs: 90_000, pollMs: 1000 };

export interface Followed {
  client: KubeClient;
  namespace: string;
  name: string;
  parallelism: number;
  limits: LoadRequest['limits'];
  timeouts: Timeouts;
  live: LiveCounts;
  /** Called once, when the operator says that its pods run the load. */
  started: () => void;
}

/** The course of a load: all pods have ended (`givenUp` is null; their logs have the outcome), or the load was given up. */
export type Course = { pods: KubeObject[]; startedMs: number | null; givenUp: Ending | null };

type PodStatus = { phase?: string };
const phaseOf = (pod: KubeObject): string => (pod.status as PodStatus | undefined)?.phase ?? 'Pending';
const hasEnded = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(phaseOf(pod));
/** Stages of `status.stage` in which k6 runs or has run (k6-operator, `testrun_types.go`). */
const STARTED: ReadonlySet<string> = new Set(['started', 'stopped', 'finished']);

const failed = (reason: string): Ending => ({ outcome: 'failed', reason });

export async function runnersOf(
  { client, namespace, name }: Followed,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const labels = { app: 'k6', k6_cr: name, runner: 'true' };
  return (await client.list('v1/Pod', { namespace, labels }, { signal })).items;
}

interface Seen {
  stage: string;
  pods: KubeObject[];
  /** Monotonic, ms. */
  createdMs: number;
  startedMs: number | null;
  /** When it was last looked at, monotonic, ms. */
  lookedMs: number;
}

function place({ namespace, name }: Followed): string {
  return `TestRun ${namespace}/${name}`;
}

/** Why to give up a load that has not started yet; null: keep waiting. */
function beforeStart(run: Followed, { stage, pods, createdMs }: Seen, now: number): Ending | null {
  const waitedMs = Math.round(now - createdMs);
  const seen = `last seen: stage "${stage || 'none'}", ${pods.length} of ${run.parallelism} pods: ${pods.map(describe).join(', ') || 'none'}`;
  const next = `look at: kubectl -n ${run.namespace} describe testrun,jobs,pods`;
  if (pods.some((pod) => phaseOf(pod) === 'Failed'))
    return failed(`a pod of ${place(run)} failed before all pods had started; ${seen}`);
  if (waitedMs < run.timeouts.startMs) return null;
  return failed(
    `${place(run)} did not start within ${run.timeouts.startMs} ms; ${seen}; is the k6 operator running, and can the image be pulled? ${next}`,
  );
}

/** Why to end a running load; null: let it run. */
function whileRunning(run: Followed, startedMs: number, now: number): Ending | null {
  const { limits, live, timeouts } = run;
  const interrupted = (reason: string): Ending => ({ outcome: 'interrupted', reason });
  if (live.total.requests > limits.requests)
    return interrupted(`the load exceeded its limit of ${limits.requests} requests: its TestRun was deleted`);
  if (now - startedMs > limits.durationMs)
    return interrupted(`the load exceeded its limit of ${limits.durationMs} ms: its TestRun was deleted`);
  if (now - (live.answeredMs ?? startedMs) > timeouts.uncountedMs)
    return failed(
      `the requests of ${place(run)} cannot be counted (GET on pods/proxy, port 6565, for ${timeouts.uncountedMs} ms): the TestRun was deleted, since its limit of requests could not be enforced`,
    );
  return null;
}

type Found = Pick<Seen, 'stage' | 'pods'>;

async function look(run: Followed, signal: AbortSignal): Promise<Found | null> {
  const { client, namespace, name } = run;
  const testRun = await client.get(
    { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', namespace, name },
    { signal },
  );
  if (testRun === null) return null;
  const stage = (testRun.status as { stage?: string } | undefined)?.stage ?? '';
  return { stage, pods: await runnersOf(run, signal) };
}

const over = ({ pods, startedMs }: Seen, givenUp: Ending | null): Course => ({ pods, startedMs, givenUp });

/** Polls once. @returns the course if the load is over, else null */
async function step(run: Followed, seen: Seen, signal: AbortSignal): Promise<Course | null> {
  let found: Found | null;
  try {
    found = await look(run, signal);
  } catch (error) {
    if (!isTransient(error)) throw error;
    const ending = await unseen(run, seen, error, signal);
    return ending && over(seen, ending);
  }
  return followed(run, seen, found, signal);
}

async function followed(
  run: Followed,
  seen: Seen,
  found: Found | null,
  signal: AbortSignal,
): Promise<Course | null> {
  seen.lookedMs = performance.now();
  if (found === null) return over(seen, failed(`${place(run)} was deleted by someone else`));
  Object.assign(seen, found);
  const now = performance.now();
  if (STARTED.has(found.stage) && seen.startedMs === null) {
    seen.startedMs = now;
    run.started();
  }
  if (found.stage === 'error')
    return over(
      seen,
      failed(
        `the k6 operator gave up ${place(run)} (stage "error"): its initializer did not accept the script`,
      ),
    );
  const running = found.pods.filter((pod) => !hasEnded(pod));
  if (isFinished(run, found, running)) return over(seen, null);
  const ending =
    seen.startedMs === null
      ? beforeStart(run, seen, now)
      : await count(run, { running, startedMs: seen.startedMs, now }, signal);
  return ending && over(seen, ending);
}

/** The API server gave no answer: the load goes on, within its limits, as long as its requests may go uncounted. */
function unseen(run: Followed, seen: Seen, error: unknown, signal: AbortSignal): Promise<Ending | null> {
  const { uncountedMs } = run.timeouts;
  const now = performance.now();
  if (now - seen.lookedMs > uncountedMs)
    return Promise.resolve(
      failed(
        `${place(run)} could not be seen for ${uncountedMs} ms (${unavailableText(error)}): it was deleted, since its limits could not be enforced`,
      ),
    );
  if (seen.startedMs === null) return Promise.resolve(null);
  const running = seen.pods.filter((pod) => !hasEnded(pod));
  return count(run, { running, startedMs: seen.startedMs, now }, signal);
}

function isFinished(run: Followed, found: Found, running: KubeObject[]): boolean {
  return found.stage === 'finished' || (found.pods.length >= run.parallelism && running.length === 0);
}

/** Reads the counts of the running pods, and checks the limits. */
async function count(
  run: Followed,
  of: { running: KubeObject[]; startedMs: number; now: number },
  signal: AbortSignal,
): Promise<Ending | null> {
  const names = of.running.filter((pod) => phaseOf(pod) === 'Running').map(({ metadata }) => metadata.name);
  await run.live.ask(names, of.now - of.startedMs, signal);
  return whileRunning(run, of.startedMs, performance.now());
}

/**
 * Polls every `pollMs`. A watch would not be faster: the operator itself polls only every 15 s, and counts have to be polled anyway.
 * Looks without an answer are made again, for at most `uncountedMs`.
 * @throws KubeError when the API server refuses a request, or the signal fires
 */
export async function follow(run: Followed, signal: AbortSignal): Promise<Course> {
  const createdMs = performance.now();
  const seen: Seen = { stage: '', pods: [], createdMs, startedMs: null, lookedMs: createdMs };
  for (;;) {
    const course = await step(run, seen, signal);
    if (course !== null) return course;
    await delay(run.timeouts.pollMs, undefined, { signal });
  }
}
