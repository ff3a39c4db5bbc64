/** Entry point of a load's process; see index.ts. */
import { createInterface } from 'node:readline';
import { HistoryError } from '../../probes/history.ts';
import { EmbeddedEngine } from '../engines/embedded/index.ts';
import { ENOUGH } from '../engines/engine.ts';
import type { LoadEngine, LoadSecond } from '../engines/engine.ts';
import { K6Engine } from '../engines/k6/index.ts';
import type { LoadMessage, LoadOrder, LoadRenewal } from './index.ts';
import { recordLoad } from './record.ts';
import { errorText } from '../../reports/record/error-text.ts';

const EXIT = { ended: 0, engine: 2, history: 3 } as const;
/** Maximum length of a line of the script's log. */
const LOG_LENGTH = 500;

function say(message: LoadMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Part of `graceMs` reserved for writing the result: the engine must end this much before this process is killed. */
const RESERVE_MS = 5_000;

const ENGINES: Readonly<Record<LoadOrder['engine'], (graceMs: number) => LoadEngine>> = {
  k6: (graceMs) => new K6Engine({ interruptMs: Math.max(1, graceMs - RESERVE_MS) }),
  embedded: () => new EmbeddedEngine(),
};

type Renewed = (variables: LoadRenewal['variables']) => void;
const listeners: Renewed[] = [];

function run({ engine, graceMs, ...order }: LoadOrder, stop: AbortSignal): Promise<void> {
  const listener = {
    renewals: (renewed: Renewed) => void listeners.push(renewed),
    started: () => say({ started: true }),
    second: (second: LoadSecond) => say({ second }),
    log: (_level: string, text: string) => say({ log: text.slice(0, LOG_LENGTH) }),
  };
  return recordLoad({ engine: ENGINES[engine](graceMs), ...order }, listener, stop);
}

// Ctrl-C reaches the whole process group, but only the runner decides when to stop.
process.on('SIGINT', () => undefined);
// If the runner has died, writing to it fails; the history must still be written.
process.stdout.on('error', () => undefined);
const lines = createInterface({ input: process.stdin });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
lines.once('line', (line) => {
  lines.on('line', (more) => {
    if (more === ENOUGH) stop.abort(ENOUGH);
    else {
      const { variables } = JSON.parse(more) as LoadRenewal;
      for (const renewed of listeners) renewed(variables);
    }
  });
  lines.once('close', () => stop.abort());
  run(JSON.parse(line) as LoadOrder, stop.signal).then(
    () => process.exit(EXIT.ended),
    (error: unknown) => {
      const message = errorText(error);
      process.stderr.write(`${JSON.stringify({ error: message })}\n`);
      process.exit(error instanceof HistoryError ? EXIT.history : EXIT.engine);
    },
  );
});
