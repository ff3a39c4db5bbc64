import { HistoryError, openHistory } from '../../probes/history.ts';
import type { HistoryWriter } from '../../probes/history.ts';
import type { LoadEngine, LoadListener, LoadRequest, LoadSecond } from '../engines/engine.ts';
import { secretsHidden } from '../engines/redact.ts';
import type { PassedOver } from '../engines/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface RecordedLoad {
  engine: Pick<LoadEngine, 'name' | 'run'>;
  passedOver: PassedOver;
  /** Its name: `steady`. */
  scenario: string;
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
  { engine, passedOver, scenario, request, history }: RecordedLoad,
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
    const { seconds: all, ...result } = await engine.run(request, { second, log, renewals }, stop);
    // A second may have changed: samples may arrive after it was reported.
    for (const one of all) seconds.write(one);
    writer.observe({ kind: 'load', ...result, scenario });
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

  write(second: LoadSecond): void {
    const text = JSON.stringify(second);
    if (this.#written.get(second.atMs) === text) return;
    this.#written.set(second.atMs, text);
    this.#writer.observe({ kind: 'load-second', ...second });
  }
}
