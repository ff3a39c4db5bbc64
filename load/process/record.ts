import { HistoryError, openHistory } from '../../probes/history.ts';
import type { LoadEngine, LoadListener, LoadRequest } from '../engines/engine.ts';
import { secretsHidden } from '../engines/redact.ts';
import type { Chosen } from '../engines/index.ts';

export interface RecordedLoad {
  engine: Pick<LoadEngine, 'name' | 'run'>;
  passedOver: Chosen['passedOver'];
  request: LoadRequest;
  /** Folder of the trial; `load.ndjson` is written there. */
  history: string;
}

/**
 * Runs a load to its end and writes what came of it: each second as it is over, so that a killed load is not lost, then the result.
 * @throws HistoryError when it cannot be written; what the engine throws
 */
export async function recordLoad(
  { engine, passedOver, request, history }: RecordedLoad,
  listener: LoadListener & { started(): void },
  stop: AbortSignal,
): Promise<void> {
  const redact = secretsHidden(request);
  const writer = openHistory(history, 'load.ndjson', { redact });
  try {
    const { script, limits } = request;
    writer.observe({ kind: 'load-start', engine: engine.name, passedOver, script, limits });
    listener.started();
    const second: LoadListener['second'] = (one) => {
      writer.observe({ kind: 'load-second', ...one });
      listener.second?.(one);
    };
    const log: LoadListener['log'] = (level, text) => listener.log?.(level, redact(text));
    const result = await engine.run(request, { second, log }, stop);
    writer.observe({ kind: 'load', result });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof HistoryError)) writer.observe({ kind: 'load-failed', reason });
    throw error;
  } finally {
    await writer.close();
  }
}
