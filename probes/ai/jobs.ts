import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { exchangeFor, heard, valuesFor } from '../application/asking.ts';
import type { ApplicationTarget } from '../application/asking.ts';
import { retryAfterSeconds, stateOf } from '../application/contract.ts';
import type { ContractRequest, State } from '../application/contract.ts';
import { HttpConnection, httpErrorClass } from '../edge/connection.ts';

/** What the application says of a job; `missing`: it knows nothing of that id, `unread`: it did not say. */
export type JobState = 'accepted' | 'done' | 'degraded' | 'failed' | 'missing' | 'unread';

/** Final states of a job. */
const ENDED: readonly JobState[] = ['done', 'degraded', 'failed'];
/** The states of the contract, as observations have them. */
const JOB_STATES: Readonly<Record<State, JobState>> = {
  done: 'done',
  degraded: 'degraded',
  failed: 'failed',
  open: 'accepted',
};
/** Connections used at once to query jobs. */
const AT_ONCE = 4;
const AGAIN_AFTER_MS = 1_000;

export interface JobsTarget extends ApplicationTarget {
  /** Reads one job by its id, and says where its state is. */
  request: ContractRequest & { state: NonNullable<ContractRequest['state']> };
  /** Beginning of the correlation ids of these requests. */
  run: string;
  /** Deadline of one answer, ms. */
  answerMs: number;
}

export interface Followed {
  states: Map<string, JobState>;
  waitedMs: number;
  /** Error of the last job that could not be read; empty: all were read. */
  trouble: string;
}

/**
 * Queries every job until each has ended or the time is over. Each state is the last one seen.
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

/** One look at every open job. Returns what went wrong last. */
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
        const seen = await ask(connection, target, { id, signal });
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

/** A gateway that limits requests says how long to wait; never longer than this, since jobs are followed for a bounded time. */
const LONGEST_REST_MS = 5_000;

async function rest(seconds: number | null, signal: AbortSignal): Promise<void> {
  if (seconds !== null) await sleep(Math.min(seconds * 1000, LONGEST_REST_MS), undefined, { signal });
}

async function ask(
  connection: HttpConnection,
  target: JobsTarget,
  { id, signal }: { id: string; signal: AbortSignal },
): Promise<{ state: JobState; why: string }> {
  const { request, answerMs } = target;
  const timer = setTimeout(() => connection.destroy(), answerMs);
  try {
    if (!connection.usable()) await connection.open(answerMs);
    const values = valuesFor(target, { correlationId: `${target.run}/${id}`, n: 0, id });
    const question = exchangeFor(target, request, { values });
    const reply = await connection.ask(question);
    if (request.missing?.includes(reply.status) === true) return { state: 'missing', why: '' };
    const { ok, why, cause } = heard(target, request, { values, sent: question.headers, reply });
    if (!ok) {
      clearTimeout(timer);
      if (cause === 'rate-limit') await rest(retryAfterSeconds(reply.headers), signal);
      return { state: 'unread', why };
    }
    const state = stateOf(request.state, reply);
    return state === null
      ? { state: 'unread', why: 'its state is none of those that application.requests.read.state names' }
      : { state: JOB_STATES[state], why: '' };
  } catch (error) {
    signal.throwIfAborted();
    return { state: 'unread', why: httpErrorClass(error) };
  } finally {
    clearTimeout(timer);
  }
}
