import { HistoryError, openHistory } from '../../probes/history.ts';
import type { LoadResult } from '../../reports/record/load-result.ts';
import type { LoadEngine, LoadListener, LoadRequest } from '../engines/engine.ts';
import type { Chosen } from '../engines/index.ts';

/** Why a load is stopped whose check has seen enough: that is no interruption. */
export const ENOUGH = 'enough';

export interface RecordedLoad {
  engine: Pick<LoadEngine, 'name' | 'run'>;
  passedOver: Chosen['passedOver'];
  request: LoadRequest;
  /** Folder of the trial; `load.ndjson` is written there. */
  history: string;
}

/**
 * Runs a load to its end and writes what came of it: each second as it is over, so that a killed load is not lost, then the result.
 * @param stop its reason `ENOUGH` makes an interrupted load one that was completed
 * @throws HistoryError when it cannot be written; what the engine throws
 */
export async function recordLoad(
  { engine, passedOver, request, history }: RecordedLoad,
  listener: LoadListener & { started(): void },
  stop: AbortSignal,
): Promise<void> {
  const writer = openHistory(history, 'load.ndjson');
  try {
    const { script, limits } = request;
    writer.observe({ kind: 'load-start', engine: engine.name, passedOver, script, limits });
    listener.started();
    const second: LoadListener['second'] = (one) => {
      writer.observe({ kind: 'load-second', ...one });
      listener.second?.(one);
    };
    const result = await engine.run(request, { ...listener, second }, stop);
    writer.observe({ kind: 'load', result: stop.reason === ENOUGH ? asPlanned(result) : result });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof HistoryError)) writer.observe({ kind: 'load-failed', reason });
    throw error;
  } finally {
    await writer.close();
  }
}

/** It was ended by the check that had asked for it: what it had been asked for until then was done. */
function asPlanned(result: LoadResult): LoadResult {
  return result.outcome === 'interrupted' ? { ...result, outcome: 'completed', reason: '' } : result;
}
