import { windowBounds } from '../../../env/objectives/index.ts';
import type { Environment, PrometheusSettings } from '../../../env/schema.ts';
import { openHistory } from '../../../probes/history.ts';
import type { HistoryWriter } from '../../../probes/history.ts';
import { PrometheusClient, thinned } from '../../../probes/prometheus/index.ts';
import type { Series } from '../../../reports/record/objective.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { measurePrometheus } from '../../ask/clocks.ts';
import type { ClockSeen } from '../../ask/clocks.ts';
import { partsOf, questionsOf } from '../../ask/metric-questions.ts';
import type { MetricQuestion } from '../../ask/metric-questions.ts';
import { askAllThere } from '../../ask/metrics-there.ts';
import { addressOf } from '../../ask/telemetry/sources.ts';
import type { SourcesOf } from '../../ask/telemetry/sources.ts';
import type { Handlers } from '../session.ts';
import { RequestError } from '../session.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** What a client needs of the runner. */
export interface PrometheusRunner {
  stores: SourcesOf['stores'];
  runState: { environment: Pick<Environment, 'timeouts'> };
}

/** As much of the runner as this needs. */
export interface MetricsRunner {
  stores: SourcesOf['stores'];
  runState: {
    environment: Pick<Environment, 'prometheus' | 'objectives' | 'timeouts'>;
    startedMs: number;
    redact: (text: string) => string;
    trialFolder(check: string, trial: number): string;
  };
}

export function metricsMethods(runner: MetricsRunner): Pick<Handlers, 'metrics.record'> {
  const { runState } = runner;
  return {
    'metrics.record': async ({ check, trial }, { signal }) => {
      const { prometheus, objectives } = runState.environment;
      if (prometheus === undefined) return { unavailable: 'the environment declares no prometheus' };
      const writer = openHistory(runState.trialFolder(check, trial), 'metrics.ndjson', {
        redact: runState.redact,
      });
      try {
        const client = await clientOf(runner, prometheus);
        if (typeof client === 'string') return { unavailable: client };
        const { scrapeSeconds } = prometheus;
        try {
          const aheadMs = await aheadOf(client, { writer, signal });
          const nowMs = Date.now() + aheadMs;
          const bounds = objectives.map(({ window }) =>
            windowBounds(window, nowMs, runState.startedMs + aheadMs),
          );
          const questions = questionsOf(objectives, bounds, scrapeSeconds * 1000);
          for await (const there of askAllThere(client, { objectives, bounds }, signal))
            writer.observe({ kind: 'metric-there', ...there });
          for (const question of questions) await record(client, question, { writer, scrapeSeconds, signal });
        } finally {
          client.close();
        }
        return {};
      } catch (error) {
        signal.throwIfAborted();
        return { unavailable: errorText(error) };
      } finally {
        await writer.close();
      }
    },
  };
}

/** A client with the environment's account, or why there is none. */
export async function clientOf(
  { stores, runState: { environment } }: PrometheusRunner,
  declared: PrometheusSettings,
): Promise<PrometheusClient | string> {
  try {
    const address = await addressOf({ stores }, declared);
    return new PrometheusClient({ ...address, deadlineMs: timeoutMsOf(environment, 'prometheusQuery') });
  } catch (error) {
    if (error instanceof RequestError && error.reason === 'unavailable') return error.message;
    throw error;
  }
}

/**
 * How far the clock of Prometheus is ahead of this machine's, ms: its samples have its times, so that windows are cut by it.
 * @throws Error when it cannot be read: then nobody knows of which time an answer is
 */
async function aheadOf(
  client: PrometheusClient,
  { writer, signal }: Pick<Recording, 'writer' | 'signal'>,
): Promise<number> {
  let why = '';
  const write = (seen: ClockSeen): void => {
    if (seen.kind === 'clock-unread') why = seen.reason;
    writer.observe(seen);
  };
  const offset = await measurePrometheus(client, { write, signal });
  if (offset === null) throw new Error(`its clock could not be read: ${why}`);
  return Math.round(offset.offsetMs);
}

interface Recording {
  writer: HistoryWriter;
  scrapeSeconds: number;
  signal: AbortSignal;
}

/** Each part is written as it arrives: a month of samples is never in memory, and what was read before a failure is kept. */
async function record(
  client: PrometheusClient,
  question: MetricQuestion,
  { writer, scrapeSeconds, signal }: Recording,
): Promise<void> {
  const { objectives, query, stepMs, endMs } = question;
  for (const { fromMs, toMs } of partsOf(question)) {
    const values = await answerOf(client, { ...question, fromMs, toMs }, { scrapeSeconds, signal });
    const of = { objectives, query, stepSeconds: stepMs / 1000, scrapeSeconds };
    writer.observe({ kind: 'series', ...of, fromMs, toMs, endMs, values });
  }
}

/** Counters and `up` as they were scraped, so that gaps and restarts show; anything else as a range query. */
async function answerOf(
  client: PrometheusClient,
  { query, fromMs, toMs, stepMs, kind }: MetricQuestion,
  { scrapeSeconds, signal }: Pick<Recording, 'scrapeSeconds' | 'signal'>,
): Promise<Series[]> {
  if (kind === 'points') return client.queryRange(query, { fromMs, toMs, stepMs, signal });
  const found = await client.samples(query, { fromMs, toMs, partMs: toMs - fromMs, signal });
  return found.map((series) => thinned(series, { stepMs, scrapeMs: scrapeSeconds * 1000, kind }));
}
