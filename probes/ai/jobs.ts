import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { exchangeOf } from '../edge/ask.ts';
import { HttpConnection, httpErrorClass } from '../edge/connection.ts';
import type { HttpEndpoint } from '../edge/connection.ts';

/** What the platform says of a tender; `missing`: it knows no tender of that id, `unread`: it did not say. */
export type JobState = 'accepted' | 'done' | 'degraded' | 'failed' | 'missing' | 'unread';

/** Final states of a job. */
const ENDED: readonly JobState[] = ['done', 'degraded', 'failed'];
const STATES: readonly string[] = ['accepted', ...ENDED];
/** Connections used at once to query tenders. */
const AT_ONCE = 4;
const AGAIN_AFTER_MS = 1_000;

export interface JobsTarget {
  endpoint: HttpEndpoint;
  /** Of the collection, such as `https://host/tenders`; a tender is one segment below it. */
  url: URL;
  /** Deadline of one answer, ms. */
  answerMs: number;
}

export interface Followed {
  states: Map<string, JobState>;
  waitedMs: number;
  /** Error of the last tender that could not be read; empty: all were read. */
  trouble: string;
}

/**
 * Queries every tender until each job has ended or the time is over. Each state is the last one seen.
 * @throws the reason of the signal
 */
export async function followJobs(
  target: JobsTarget,
  ids: readonly string[],
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<Followed> {
  const startMs = monoMs();
  const states = new Map<string, JobState>(ids.map((id) => [id, 'unread']));
  const openNow = (): string[] => ids.filter((id) => !ENDED.includes(states.get(id) ?? 'unread'));
  const trouble = await lookUntil(
    () => look(target, { open: openNow(), states, signal }),
    () => openNow().length === 0,
    { deadlineMs, intervalMs: AGAIN_AFTER_MS, signal },
  );
  return { states, waitedMs: monoMs() - startMs, trouble };
}

interface Looking {
  open: readonly string[];
  states: Map<string, JobState>;
  signal: AbortSignal;
}

/** One look at every open tender. Returns what went wrong last. */
async function look(target: JobsTarget, { open, states, signal }: Looking): Promise<string> {
  const left = [...open];
  let trouble = '';
  const worker = async (): Promise<void> => {
    let connection = new HttpConnection(target.endpoint);
    try {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        signal.throwIfAborted();
        if (!connection.usable()) {
          connection.destroy();
          connection = new HttpConnection(target.endpoint);
        }
        const seen = await ask(connection, target, id);
        states.set(id, seen.state);
        if (seen.state === 'unread') trouble = seen.why;
      }
    } finally {
      connection.destroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return trouble;
}

async function ask(
  connection: HttpConnection,
  { url, answerMs }: JobsTarget,
  id: string,
): Promise<{ state: JobState; why: string }> {
  const timer = setTimeout(() => connection.destroy(), answerMs);
  try {
    if (!connection.usable()) await connection.open(answerMs);
    const at = new URL(`${url.href.replace(/\/+$/, '')}/${encodeURIComponent(id)}`);
    const { status, text } = await connection.ask(exchangeOf({ method: 'GET', url: at, headers: {} }));
    if (status === 404) return { state: 'missing', why: '' };
    if (status !== 200) return { state: 'unread', why: `status ${status}` };
    const { status: said } = JSON.parse(text) as { status?: string };
    return said !== undefined && STATES.includes(said)
      ? { state: said as JobState, why: '' }
      : { state: 'unread', why: `the status of the tender is not a known one (${said ?? 'none'})` };
  } catch (error) {
    return { state: 'unread', why: httpErrorClass(error) };
  } finally {
    clearTimeout(timer);
  }
}
