/** Watches a TestRun from its creation until its pods have ended. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import { describe } from '../../../probes/kubernetes/cache/ready.ts';
import type { KubeObject } from '../../../probes/kubernetes/types.ts';
import type { LoadRequest } from '../engine.ts';
import type { Ending } from '../k6/exit-codes.ts';
import type { LiveCounts } from './live.ts';

export interface Timeouts {
  /** From creation until all pods run: pulling the image of k6 is most of it. */
  startMs: number;
  /** Pods whose counts cannot be read for so long may send without bound. */
  uncountedMs: number;
  /** For deleting everything. */
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
}

/** How it went: all pods have ended (their logs say how), or it had to be given up. */
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
}

function place({ namespace, name }: Followed): string {
  return `TestRun ${namespace}/${name}`;
}

/** What ends the watch before the load has begun; null when it is to go on. */
function beforeStart(run: Followed, { stage, pods, createdMs }: Seen, now: number): Ending | null {
  const waitedMs = Math.round(now - createdMs);
  const seen = `last seen: stage "${stage || 'none'}", ${pods.length} of ${run.parallelism} pods: ${pods.map(describe).join(', ') || 'none'}`;
  const next = `look at: kubectl -n ${run.namespace} describe testrun,jobs,pods`;
  if (pods.some((pod) => phaseOf(pod) === 'Failed'))
    return failed(`a pod of ${place(run)} failed before all had started; ${seen}`);
  if (waitedMs < run.timeouts.startMs) return null;
  return failed(
    `${place(run)} did not start within ${run.timeouts.startMs} ms; ${seen}; is the k6 operator running, and can the image be pulled? ${next}`,
  );
}

/** What ends a load that runs. */
function whileRunning(run: Followed, startedMs: number, now: number): Ending | null {
  const { limits, live, timeouts } = run;
  const interrupted = (reason: string): Ending => ({ outcome: 'interrupted', reason });
  if (live.total.requests > limits.requests)
    return interrupted(
      `the load sent more than ${limits.requests} requests, the most it may send: it was deleted`,
    );
  if (now - startedMs > limits.durationMs)
    return interrupted(
      `the load had not ended after ${limits.durationMs} ms, the most it may last: it was deleted`,
    );
  if (now - (live.answeredMs ?? startedMs) > timeouts.uncountedMs)
    return failed(
      `the requests of ${place(run)} cannot be counted (GET on pods/proxy, port 6565, for ${timeouts.uncountedMs} ms), so that nothing would bound them`,
    );
  return null;
}

async function look(
  run: Followed,
  signal: AbortSignal,
): Promise<{ stage: string; pods: KubeObject[] } | null> {
  const { client, namespace, name } = run;
  const testRun = await client.get(
    { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', namespace, name },
    { signal },
  );
  if (testRun === null) return null;
  const stage = (testRun.status as { stage?: string } | undefined)?.stage ?? '';
  return { stage, pods: await runnersOf(run, signal) };
}

/** One look. @returns the course when it is over, else null */
async function step(run: Followed, seen: Seen, signal: AbortSignal): Promise<Course | null> {
  const found = await look(run, signal);
  const over = (givenUp: Ending | null): Course => ({ pods: seen.pods, startedMs: seen.startedMs, givenUp });
  if (found === null) return over(failed(`${place(run)} was deleted by someone else`));
  Object.assign(seen, found);
  const now = performance.now();
  if (STARTED.has(found.stage)) seen.startedMs ??= now;
  if (found.stage === 'error')
    return over(
      failed(`the operator gave up ${place(run)} (stage "error"): its initializer did not accept the script`),
    );
  const running = found.pods.filter((pod) => !hasEnded(pod));
  if (isFinished(run, found, running)) return over(null);
  const ending =
    seen.startedMs === null
      ? beforeStart(run, seen, now)
      : await count(run, { running, startedMs: seen.startedMs, now }, signal);
  return ending && over(ending);
}

function isFinished(
  run: Followed,
  found: { stage: string; pods: KubeObject[] },
  running: KubeObject[],
): boolean {
  return found.stage === 'finished' || (found.pods.length >= run.parallelism && running.length === 0);
}

/** Asks the pods that run how far they are. */
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
 * Looks once a `pollMs`: the operator itself looks every 15 s, so that a watch would tell no sooner what the pods tell.
 * @throws KubeError when the API server refuses, or the signal fires
 */
export async function follow(run: Followed, signal: AbortSignal): Promise<Course> {
  const seen: Seen = { stage: '', pods: [], createdMs: performance.now(), startedMs: null };
  for (;;) {
    const course = await step(run, seen, signal);
    if (course !== null) return course;
    await delay(run.timeouts.pollMs, undefined, { signal });
  }
}
