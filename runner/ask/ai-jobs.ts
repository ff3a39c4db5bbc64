import type { AiSettings } from '../../env/schema.ts';
import { nodeCounts, vectorCounts } from '../../probes/ai/effects.ts';
import type { Counts } from '../../probes/ai/effects.ts';
import { followJobs } from '../../probes/ai/jobs.ts';
import type { Followed, JobState } from '../../probes/ai/jobs.ts';
import { openHistory } from '../../probes/history.ts';
import type { HistoryWriter } from '../../probes/history.ts';
import type { Bounds, StoreConnection } from '../../probes/store/store-driver.ts';
import { OUTCOMES } from '../../reports/record/history/history.ts';
import type { Operations } from '../../reports/record/history/history.ts';
import { EFFECT_SOURCES, MOST_NUMBERS } from '../../reports/record/observations/platform.ts';
import type { Fields } from '../../reports/record/observations/index.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import { edgeTarget, requestOf } from '../targets/edge-target.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** How the client load records the id of what was created. */
const ID = /(?:^|;)id=([^;]+)/;

/** The acknowledged writes of a trial, by the job that each was given. */
export interface Accepted {
  /** Id of a job → the number of the write that was given it first. */
  jobs: ReadonlyMap<string, number>;
  /** Numbers of writes that were given an id already given to another write. */
  shared: number[];
  /** Numbers of writes that were acknowledged without an id: nobody can follow them. */
  withoutId: number[];
}

export function acceptedJobs(writes: Operations): Accepted {
  const jobs = new Map<string, number>();
  const [shared, withoutId]: [number[], number[]] = [[], []];
  for (let i = 0; i < writes.count; i++) {
    if (writes.outcome[i] !== OUTCOMES.ok) continue;
    const n = writes.n[i] as number;
    const noted = ID.exec(writes.detail.get(i) ?? '')?.[1];
    const id = noted === undefined ? undefined : decodeURIComponent(noted);
    if (id === undefined) withoutId.push(n);
    else if (jobs.has(id)) shared.push(n);
    else jobs.set(id, n);
  }
  return { jobs, shared, withoutId };
}

interface Asked {
  check: string;
  trial: number;
  timeoutMs: number;
}

/** What became of the jobs of a trial: `jobs`, then `effects` or `effects-failed` of each store. Returns a line for people. */
export async function recordJobs(runner: RunnerCore, asked: Asked, signal: AbortSignal): Promise<string> {
  const { runState } = runner;
  const { ai } = runState.environment;
  if (ai === undefined) throw new RequestError('the environment declares no ai', 'refused');
  const folder = runState.trialFolder(asked.check, asked.trial);
  const accepted = acceptedJobs((await readHistory(folder, signal)).writes);
  const target = await edgeTarget(runner);
  const { state, ...read } = requestOf(target, 'read');
  if (state === undefined)
    throw new RequestError('the environment declares no application.requests.read.state', 'refused');
  const followed = await followJobs(
    {
      ...target,
      request: { ...read, state },
      run: `${asked.check}/${asked.trial}/read`,
      answerMs: timeoutMsOf(runState.environment, 'edgeRequest'),
    },
    [...accepted.jobs.keys()],
    { deadlineMs: asked.timeoutMs, signal },
  );
  const writer = openHistory(folder, 'jobs.ndjson', { redact: runState.redact });
  try {
    writer.observe({ kind: 'jobs', ...jobsOf(accepted, followed) });
    const bounds = { deadlineMs: timeoutMsOf(runState.environment, 'readBack'), signal };
    for (const store of EFFECT_SOURCES)
      await recordEffects(runner, { store, accepted, followed, ai }, { writer, bounds });
  } finally {
    await writer.close();
  }
  return lineOf(followed);
}

const STATES: readonly JobState[] = ['done', 'degraded', 'failed', 'accepted', 'missing', 'unread'];

/** Counts by state, and the numbers of those that did not end well. */
function jobsOf(
  { jobs, shared, withoutId }: Accepted,
  { states, waitedMs, trouble }: Followed,
): Fields<'jobs'> {
  const count = (state: JobState): number => [...states.values()].filter((one) => one === state).length;
  const numbers = (...wanted: JobState[]): number[] =>
    some([...states].filter(([, state]) => wanted.includes(state)).map(([id]) => jobs.get(id) ?? 0));
  return {
    acknowledged: jobs.size + shared.length + withoutId.length,
    accepted: jobs.size,
    counts: {
      done: count('done'),
      degraded: count('degraded'),
      failed: count('failed'),
      accepted: count('accepted'),
      missing: count('missing'),
      unread: count('unread'),
    },
    open: numbers('accepted', 'missing'),
    failed: numbers('failed'),
    shared: some(shared),
    withoutId: some(withoutId),
    waitedMs: Math.round(waitedMs),
    trouble,
  };
}

const some = (numbers: readonly number[]): number[] =>
  numbers.toSorted((a, b) => a - b).slice(0, MOST_NUMBERS);

type Source = (typeof EFFECT_SOURCES)[number];
/** How what a job leaves is counted in each store. */
const COUNT: Record<
  Source,
  (
    connection: StoreConnection,
    names: AiSettings['effects'],
    ids: readonly string[],
    bounds: Bounds,
  ) => Promise<Counts>
> = { elasticsearch: vectorCounts, neo4j: nodeCounts };

interface Effects {
  store: Source;
  accepted: Accepted;
  followed: Followed;
  ai: AiSettings;
}

/** No effect of an accepted job may be there twice; that of a job that is done must be there. */
async function recordEffects(
  runner: RunnerCore,
  { store, accepted: { jobs }, followed, ai }: Effects,
  { writer, bounds }: { writer: HistoryWriter; bounds: Bounds },
): Promise<void> {
  try {
    const { connection } = await runner.stores.target(store);
    const counts = await COUNT[store](connection, ai.effects, [...jobs.keys()], bounds);
    const numberOf = (id: string): number => jobs.get(id) ?? 0;
    const done = [...followed.states].filter(([, state]) => state === 'done').map(([id]) => id);
    const absent = done.filter((id) => !counts.has(id));
    writer.observe({
      kind: 'effects',
      source: store,
      found: done.length - absent.length,
      absent: some(absent.map(numberOf)),
      doubled: [...counts]
        .filter(([, count]) => count > 1)
        .map(([id, count]): [number, number] => [numberOf(id), count])
        .slice(0, MOST_NUMBERS),
    });
  } catch (error) {
    bounds.signal?.throwIfAborted();
    const reason = errorText(error);
    writer.observe({ kind: 'effects-failed', source: store, reason });
  }
}

function lineOf({ states, waitedMs }: Followed): string {
  const all = [...states.values()];
  const counts = STATES.map((state) => [all.filter((one) => one === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`);
  return `${all.length} jobs: ${counts.join(', ') || 'none'} after ${(waitedMs / 1000).toFixed(1)} s`;
}
