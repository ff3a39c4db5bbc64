/** Runs one script to its end and writes what came of it: each second as it is over, so that a killed load is not lost, then the result. */
import { createInterface } from 'node:readline';
import { HistoryError, openHistory } from '../../probes/history.ts';
import { EmbeddedEngine } from '../engines/embedded/index.ts';
import type { LoadListener } from '../engines/engine.ts';
import { chooseEngine } from '../engines/index.ts';
import { K6Engine } from '../engines/k6/index.ts';
import type { LoadResult } from '../../reports/record/load-result.ts';
import { ENOUGH } from './index.ts';
import type { LoadMessage, LoadOrder } from './index.ts';

const EXIT = { ended: 0, engine: 2, history: 3 } as const;
/** Longest line of a script's log that is shown. */
const LOG_LENGTH = 500;

function say(message: LoadMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function run({ request, engine, history }: LoadOrder, stop: AbortSignal): Promise<void> {
  const writer = openHistory(history, 'load.ndjson');
  try {
    const { engine: chosen, passedOver } = await chooseEngine(engine, [new K6Engine(), new EmbeddedEngine()]);
    const { script, limits } = request;
    writer.observe({ kind: 'load-start', engine: chosen.name, passedOver, script, limits });
    say({ started: true });
    const listener: LoadListener = {
      second: (second) => {
        writer.observe({ kind: 'load-second', ...second });
        say({ second });
      },
      log: (_level, text) => say({ log: text.slice(0, LOG_LENGTH) }),
    };
    const result = await chosen.run(request, listener, stop);
    writer.observe({ kind: 'load', result: stop.reason === ENOUGH ? asPlanned(result) : result });
  } catch (error) {
    if (!(error instanceof HistoryError))
      writer.observe({ kind: 'load-failed', reason: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    await writer.close();
  }
}

/** It was ended by the check that had asked for it: what it had been asked for until then was done. */
function asPlanned(result: LoadResult): LoadResult {
  return result.outcome === 'interrupted' ? { ...result, outcome: 'completed', reason: '' } : result;
}

// Ctrl-C reaches the whole group, but only the runner decides.
process.on('SIGINT', () => undefined);
// The runner died: what was seen is still written.
process.stdout.on('error', () => undefined);
const lines = createInterface({ input: process.stdin });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
lines.once('line', (line) => {
  lines.once('line', (last) => {
    if (last === ENOUGH) stop.abort(ENOUGH);
  });
  lines.once('close', () => stop.abort());
  run(JSON.parse(line) as LoadOrder, stop.signal).then(
    () => process.exit(EXIT.ended),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${JSON.stringify({ error: message })}\n`);
      process.exit(error instanceof HistoryError ? EXIT.history : EXIT.engine);
    },
  );
});
