import { windowMs } from '../../../env/objectives/index.ts';
import type { Environment, PrometheusSettings } from '../../../env/schema.ts';
import { openHistory } from '../../../probes/history.ts';
import type { HistoryWriter } from '../../../probes/history.ts';
import { PrometheusClient } from '../../../probes/prometheus/index.ts';
import { askingOf, questionsOf } from '../../../reports/judge/performance/budget-queries.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { measurePrometheus } from '../../ask/clocks.ts';
import type { ClockSeen } from '../../ask/clocks.ts';
import { askNumber } from '../../ask/metric-answers.ts';
import { addressOf } from '../../ask/telemetry/sources.ts';
import type { SourcesOf } from '../../ask/telemetry/sources.ts';
import type { Handlers } from '../handlers.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
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
    environment: Pick<Environment, 'prometheus' | 'objectives' | 'timeouts'> & {
      topology: Pick<Environment['topology'], 'workloads'>;
    };
    startedMs: number;
    redact: (text: string) => string;
    trialFolder(check: string, trial: number): string;
  };
}

export function metricsMethods(runner: MetricsRunner): Pick<Handlers, 'metrics.record'> {
  const { runState } = runner;
  return {
    'metrics.record': async ({ check, trial }, { signal }) => {
      const { prometheus } = runState.environment;
      if (prometheus === undefined) return { unavailable: 'the environment declares no prometheus' };
      const writer = openHistory(runState.trialFolder(check, trial), 'metrics.ndjson', {
        redact: runState.redact,
      });
      try {
        const client = await clientOf(runner, prometheus);
        if (typeof client === 'string') return { unavailable: client };
        try {
          await record(client, { runState, prometheus, writer, signal });
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
  runState: MetricsRunner['runState'];
  prometheus: PrometheusSettings;
  writer: HistoryWriter;
  signal: AbortSignal;
}

/**
 * Asks every question of every objective for the same moment, each text once.
 * @throws SignalError where the source does not answer at all
 */
async function record(
  client: PrometheusClient,
  { runState, prometheus: { scrapeSeconds }, writer, signal }: Recording,
): Promise<void> {
  const { environment, startedMs } = runState;
  const aheadMs = await aheadOf(client, { writer, signal });
  const atMs = Date.now() + aheadMs;
  const questions = environment.objectives.flatMap((objective) => {
    const lengthMs = windowMs(objective.window, atMs - aheadMs - startedMs);
    const window = { objective: objective.name, fromMs: atMs - lengthMs, toMs: atMs, scrapeSeconds };
    writer.observe({ kind: 'budget-window', ...window });
    const asking = askingOf(objective, environment, scrapeSeconds * 1000);
    return questionsOf(objective, lengthMs, asking);
  });
  for (const query of new Set(questions)) {
    const answer = await askNumber(client, query, { atMs, signal });
    writer.observe({ kind: 'metric-answer', query, atMs, ...answer });
  }
}
