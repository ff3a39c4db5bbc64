import { basename } from 'node:path';
import { HistoryError, openHistory } from '../../probes/history.ts';
import type { HistoryWriter } from '../../probes/history.ts';
import type {
  Buckets,
  LoadMetric,
  LoadResult,
  LoadSecond,
} from '../../reports/record/details/load-result.ts';
import type { Fields } from '../../reports/record/observations/index.ts';
import type { LoadEngine, LoadListener, LoadRequest } from '../engines/engine.ts';
import { secretsHidden } from '../engines/redact.ts';
import type { PassedOver } from '../engines/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface RecordedLoad {
  engine: Pick<LoadEngine, 'name' | 'run'>;
  passedOver: PassedOver;
  request: LoadRequest;
  /** Folder of the trial; `load.ndjson` is written there. */
  history: string;
}

/**
 * Runs a load to its end and writes its history: each second as soon as it is over, so that a killed load is not lost, then the result.
 * @param listener `started` is called when the engine has its script
 * @throws HistoryError when the history cannot be written; what the engine throws
 */
export async function recordLoad(
  { engine, passedOver, request, history }: RecordedLoad,
  listener: LoadListener & { started(): void },
  stop: AbortSignal,
): Promise<void> {
  const redact = secretsHidden(request);
  const writer = openHistory(history, 'load.ndjson', { redact });
  try {
    const reasons = passedOver.map(({ name, reason }) => `${name}: ${reason}`);
    writer.observe({ kind: 'load-start', passedOver: reasons });
    listener.started();
    const seconds = new WrittenSeconds(writer);
    const second: LoadListener['second'] = (one) => {
      seconds.write(one);
      listener.second?.(one);
    };
    const log: LoadListener['log'] = (level, text) => listener.log?.(level, redact(text));
    const { renewals } = listener;
    const result = await engine.run(request, { second, log, renewals }, stop);
    // A second may have changed: samples may arrive after it was reported.
    for (const one of result.seconds) seconds.write(one);
    writer.observe({ kind: 'load', ...loadOf(result) });
  } catch (error) {
    const reason = errorText(error);
    if (!(error instanceof HistoryError)) writer.observe({ kind: 'load-failed', reason });
    throw error;
  } finally {
    await writer.close();
  }
}

/** Writes each second, and writes it again if it has changed. */
class WrittenSeconds {
  readonly #writer: HistoryWriter;
  readonly #written = new Map<number, string>();

  constructor(writer: HistoryWriter) {
    this.#writer = writer;
  }

  write({ atMs, offered, started, dropped, requests, good, bad, latency }: LoadSecond): void {
    const second = { atMs, offered, started, dropped, requests, good, bad, latency };
    const text = JSON.stringify(second);
    if (this.#written.get(atMs) === text) return;
    this.#written.set(atMs, text);
    this.#writer.observe({ kind: 'load-second', ...second });
  }
}

/** The part of a result that judges read. Its seconds are separate observations. */
export function loadOf(result: LoadResult): Fields<'load'> {
  const { engine, scenarios, metrics } = result;
  const sum = (of: (scenario: LoadResult['scenarios'][number]) => number): number =>
    scenarios.reduce((total, one) => total + of(one), 0);
  return {
    engine: engine.name,
    engineVersion: engine.version,
    stubbed: engine.stubbed,
    latencyFrom: engine.latencyFrom ?? 'intended',
    scenario: scenarioOf(result.script),
    startedAt: result.startedAt,
    durationMs: result.durationMs,
    offered: scenarios.some(({ offered }) => offered === null) ? null : sum(({ offered }) => offered ?? 0),
    iterations: sum(({ iterations }) => iterations),
    interrupted: sum(({ interrupted }) => interrupted),
    dropped: sum(({ dropped }) => dropped),
    requests: result.requests.count,
    checks: result.checks,
    sent: engine.latencyFrom === 'sent' ? [] : bucketsOf(metrics['http_req_duration']),
    errors: result.errors.map(({ error, count }) => `${count} × ${error}`),
    outcome: result.outcome,
    reason: result.reason,
  };
}

function bucketsOf(metric: LoadMetric | undefined): Buckets {
  return metric?.type === 'trend' ? (metric.buckets ?? []) : [];
}

/** The scenario's name: `steady` for `…/load/scenarios/steady.ts`. */
function scenarioOf(script: string): string {
  return basename(script).replace(/\.[jt]s$/, '');
}
