/** Instant queries whose answer is one number. */
import type { PrometheusClient } from '../../probes/prometheus/index.ts';
import { SignalError } from '../../probes/signals/index.ts';

/** What the owner of an objective can do where its series are too many. */
const FEWER_SERIES =
  'count them by a recording rule, or select fewer by labels, such as only the routes that the objective is of';

export interface NumberAnswer {
  /** null: nothing was found, or no number. */
  value: number | null;
  /** Why the source refused the query, or warned of its answer. */
  refused?: string;
}

/**
 * Asks one query, which must sum up to one number. A server that answers and refuses says so in its answer: other queries may still be answered.
 * @throws SignalError where there is no answer at all
 */
export async function askNumber(
  client: Pick<PrometheusClient, 'query'>,
  query: string,
  at: { atMs?: number; signal: AbortSignal },
): Promise<NumberAnswer> {
  try {
    const [found, ...others] = await client.query(query, at);
    const value = found?.points[0]?.[1] ?? null;
    return others.length === 0
      ? { value }
      : {
          value: null,
          refused: `${others.length + 1} series were the answer to ${query}, and one was expected`,
        };
  } catch (error) {
    if (!(error instanceof SignalError) || ['unreachable', 'refused'].includes(error.reason)) throw error;
    const advice = error.reason === 'too much' ? `: ${FEWER_SERIES}` : '';
    return { value: null, refused: `${error.message}${advice}` };
  }
}
