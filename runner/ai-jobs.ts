import type { AiSettings } from '../env/schema.ts';
import { nodeCounts, vectorCounts } from '../probes/ai/effects.ts';
import type { Counts } from '../probes/ai/effects.ts';
import { followJobs } from '../probes/ai/jobs.ts';
import type { Followed, JobState } from '../probes/ai/jobs.ts';
import { edgeEndpoint } from '../probes/edge/endpoint.ts';
import { openHistory } from '../probes/history.ts';
import type { HistoryWriter } from '../probes/history.ts';
import type { Bounds, StoreConnection } from '../probes/store-driver.ts';
import { OUTCOMES } from '../reports/record/history.ts';
import type { Operations } from '../reports/record/history.ts';
import { readHistory } from '../reports/record/read-history.ts';
import { edgeTarget } from './edge-target.ts';
import type { EdgeTarget } from './edge-target.ts';
import type { EngineCore } from './engine-parts.ts';
import { timeoutMsOf } from './environment-parts.ts';
import { RequestError } from './session.ts';

/** As the workload notes the id of a tender that was accepted. */
const ID = /(?:^|;)id=([^;]+)/;
/** Of one kind, so that a trial in which everything was lost has a history that can be read, numbers. */
const MOST_NUMBERS = 1_000;

/** The collection of tenders behind the edge. */
export function jobsUrl({ edge, url }: EdgeTarget): URL {
  return new URL(`${edge.backend.apiPath ?? ''}/tenders`, url.origin);
}

/** Tenders that were accepted: the id that each was given → the number of its write. */
export function acceptedJobs(writes: Operations): Map<string, number> {
  const accepted = new Map<string, number>();
  for (let i = 0; i < writes.count; i++) {
    const id = writes.outcome[i] === OUTCOMES.ok ? ID.exec(writes.detail.get(i) ?? '')?.[1] : undefined;
    if (id !== undefined) accepted.set(id, writes.n[i] as number);
  }
  return accepted;
}

interface Asked {
  check: string;
  trial: number;
  timeoutMs: number;
}

/** What became of the jobs of a trial: `jobs`, then `effects` or `effects-failed` of each store. Returns a line for people. */
export async function recordJobs(engine: EngineCore, asked: Asked, signal: AbortSignal): Promise<string> {
  const { book } = engine;
  const { ai } = book.environment;
  if (ai === undefined) throw new RequestError('the environment declares no ai', 'refused');
  const folder = book.trialFolder(asked.check, asked.trial);
  const accepted = acceptedJobs((await readHistory(folder, signal)).writes);
  const target = await edgeTarget(book.environment);
  const followed = await followJobs(
    {
      endpoint: edgeEndpoint(target.url, target.edge.address, target.ca),
      url: jobsUrl(target),
      answerMs: timeoutMsOf(book.environment, 'edgeRequest'),
    },
    [...accepted.keys()],
    { deadlineMs: asked.timeoutMs, signal },
  );
  const writer = openHistory(folder, 'jobs.ndjson', { redact: book.redact });
  try {
    writer.observe({ kind: 'jobs', ...jobsOf(accepted, followed) });
    const bounds = { deadlineMs: timeoutMsOf(book.environment, 'readBack'), signal };
    for (const store of SOURCES)
      await recordEffects(engine, { store, accepted, followed, ai }, { writer, bounds });
  } finally {
    await writer.close();
  }
  return lineOf(followed);
}

const STATES: readonly JobState[] = ['done', 'degraded', 'failed', 'accepted', 'missing', 'unread'];

/** Counts by state, and the numbers of those that did not end well. */
function jobsOf(accepted: ReadonlyMap<string, number>, { states, waitedMs, trouble }: Followed): object {
  const counts = Object.fromEntries(
    STATES.map((state) => [state, [...states.values()].filter((one) => one === state).length]),
  );
  const numbers = (...wanted: JobState[]): number[] =>
    [...states]
      .filter(([, state]) => wanted.includes(state))
      .map(([id]) => accepted.get(id) ?? 0)
      .toSorted((a, b) => a - b)
      .slice(0, MOST_NUMBERS);
  return {
    accepted: accepted.size,
    counts,
    open: numbers('accepted', 'missing'),
    failed: numbers('failed'),
    waitedMs: Math.round(waitedMs),
    trouble,
  };
}

/** Stores in which a job leaves something, and how it is counted there. */
const SOURCES = ['elasticsearch', 'neo4j'] as const;
type Source = (typeof SOURCES)[number];
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
  accepted: ReadonlyMap<string, number>;
  followed: Followed;
  ai: AiSettings;
}

/** Of every accepted job: none of it may be there twice. Of those that were done: it must be there. */
async function recordEffects(
  engine: EngineCore,
  { store, accepted, followed, ai }: Effects,
  { writer, bounds }: { writer: HistoryWriter; bounds: Bounds },
): Promise<void> {
  try {
    const { connection } = await engine.stores.target(store);
    const counts = await COUNT[store](connection, ai.effects, [...accepted.keys()], bounds);
    const numberOf = (id: string): number => accepted.get(id) ?? 0;
    const done = [...followed.states].filter(([, state]) => state === 'done').map(([id]) => id);
    writer.observe({
      kind: 'effects',
      source: store,
      found: counts.size,
      doubled: [...counts]
        .filter(([, count]) => count > 1)
        .map(([id, count]) => [numberOf(id), count])
        .slice(0, MOST_NUMBERS),
      absent: done
        .filter((id) => !counts.has(id))
        .map(numberOf)
        .slice(0, MOST_NUMBERS),
    });
  } catch (error) {
    bounds.signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
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
