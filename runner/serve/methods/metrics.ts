import { getHeapStatistics } from 'node:v8';
import { windowBounds } from '../../../env/objectives/index.ts';
import type { Environment, PrometheusSettings } from '../../../env/schema.ts';
import { openHistory } from '../../../probes/history.ts';
import type { HistoryWriter } from '../../../probes/history.ts';
import { PrometheusClient, PrometheusError, thinned } from '../../../probes/prometheus/index.ts';
import type { Series } from '../../../reports/record/objective.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { measurePrometheus } from '../../ask/clocks.ts';
import type { ClockSeen } from '../../ask/clocks.ts';
import { halfOf, PART_MS, partAt, questionsOf } from '../../ask/metric-questions.ts';
import type { MetricQuestion } from '../../ask/metric-questions.ts';
import { askAllThere } from '../../ask/metrics-there.ts';
import { addressOf } from '../../ask/telemetry/sources.ts';
import type { SourcesOf } from '../../ask/telemetry/sources.ts';
import { FEWER_SERIES, mostSamples, objectivesText, SamplesKept } from '../../ask/samples-kept.ts';
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

/** @param most how many samples one record may have */
export function metricsMethods(
  runner: MetricsRunner,
  most = mostSamples(getHeapStatistics().heap_size_limit),
): Pick<Handlers, 'metrics.record'> {
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
          const recording = { writer, scrapeSeconds, signal, kept: new SamplesKept(most) };
          for (const question of questions) await record(client, question, recording);
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
  kept: SamplesKept;
}

/**
 * Each part is written as it arrives: a month of samples is never in memory, and what was read before a failure is kept. Where an answer is too
 * large, this part and those after it are halved.
 * @throws PrometheusError; Error where the shortest part is too large, or the samples are more than can be judged
 */
async function record(
  client: PrometheusClient,
  question: MetricQuestion,
  recording: Recording,
): Promise<void> {
  const { writer, scrapeSeconds, signal, kept } = recording;
  const { objectives, query, stepMs, endMs } = question;
  let lengthMs = PART_MS;
  for (let at = question.fromMs; at < question.toMs;) {
    const { nextMs, ...part } = partAt(question, at, lengthMs);
    const values = await answerUnlessTooLarge(client, { ...question, ...part }, recording);
    if (values instanceof PrometheusError) {
      const half = halfOf(Math.min(lengthMs, nextMs - at));
      if (half === null) throw await tooManySeries(client, question, { cause: values, signal });
      lengthMs = half;
      continue;
    }
    kept.add(question, values);
    const of = { objectives, query, stepSeconds: stepMs / 1000, scrapeSeconds };
    writer.observe({ kind: 'series', ...of, ...part, endMs, values });
    at = nextMs;
  }
}

/** The error in place of an answer that is too large. @throws PrometheusError for any other reason */
async function answerUnlessTooLarge(
  client: PrometheusClient,
  question: MetricQuestion,
  recording: Recording,
): Promise<Series[] | PrometheusError> {
  try {
    return await answerOf(client, question, recording);
  } catch (error) {
    if (error instanceof PrometheusError && error.reason === 'too many samples') return error;
    throw error;
  }
}

async function tooManySeries(
  client: PrometheusClient,
  { query, objectives }: MetricQuestion,
  { cause, signal }: { cause: PrometheusError; signal: AbortSignal },
): Promise<Error> {
  const many = await seriesNow(client, query, signal);
  const said = `${objectivesText(objectives)}: the answer for some minutes of ${many} series is too large: ${FEWER_SERIES}`;
  return new Error(`${said}; ${cause.message}`, { cause });
}

async function seriesNow(client: PrometheusClient, query: string, signal: AbortSignal): Promise<string> {
  try {
    const [counted] = await client.query(`count(${query})`, { signal });
    return String(counted?.points[0]?.[1] ?? 'an unknown number of');
  } catch (error) {
    if (error instanceof PrometheusError) return 'an unknown number of';
    throw error;
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
