import type { EventEmitter } from 'node:events';
import { monoMs } from './clock.ts';
import { INTERRUPTS } from './errors.ts';
import type { InterruptSignal } from './errors.ts';

/**
 * For one Ctrl-C the terminal signals the whole foreground group, and npm sends its child the same signal once more, 1 to 8 ms later (npm 11,
 * `npm start`, `npx`). systemd-logind sends SIGHUP right after SIGTERM, and others SIGTERM right after SIGINT: within this time all are one.
 */
const SAME_WITHIN_MS = 1_000;

/**
 * Listens for the signals that end a command in good order.
 * @param hear `first` hears of the first signal, `again` of each that comes more than a second later. SIGHUP is never heard again: a terminal
 * that is gone does not say that somebody does not want to wait.
 * @param from where signals come from and a monotonic clock, ms; default: those of this process
 * @returns how to stop listening
 */
export function onInterrupts(
  hear: { first: (name: InterruptSignal) => void; again: (name: InterruptSignal) => void },
  from: { source?: Pick<EventEmitter, 'on' | 'off'>; nowMs?: () => number } = {},
): () => void {
  const { source = process, nowMs = monoMs } = from;
  let firstAtMs: number | null = null;
  const take = (name: InterruptSignal): void => {
    if (firstAtMs === null) {
      firstAtMs = nowMs();
      hear.first(name);
    } else if (name !== 'SIGHUP' && nowMs() - firstAtMs > SAME_WITHIN_MS) {
      hear.again(name);
    }
  };
  const listeners = INTERRUPTS.map((name) => ({ name, listener: (): void => take(name) }));
  for (const { name, listener } of listeners) source.on(name, listener);
  return () => {
    for (const { name, listener } of listeners) source.off(name, listener);
  };
}
