import type { Operations } from '../../record/history/history.ts';
import { once } from '../once.ts';

const WAITED = /(?:^|;)waited=([\d.]+)/;
const OPENED = /(?:^|;)opened=([\d.]+)/;
const REFUSED = /(?:^|;)refused=([\d.]+)/;

/** How long this operation waited for a free connection, ms: noted by the client load as `waited=MS`. */
export function waitedMs(operations: Operations, i: number): number {
  return waitsOf(operations)[i] ?? 0;
}

const waitsOf = once((operations: Operations) =>
  new Float64Array(operations.count).map((_, i) => note(operations, i, WAITED) ?? 0),
);

/**
 * When the first attempt of this operation to get a connection was refused (CLOCK_MONOTONIC ms): noted as `refused=MS`, that much
 * before it was sent. Null: there was one attempt.
 */
export function refusedAtMs(operations: Operations, i: number): number | null {
  const before = note(operations, i, REFUSED);
  return before === null ? null : (operations.sentMs[i] as number) - before;
}

/**
 * When this operation's new connection was up and logged in, and its statement was sent (CLOCK_MONOTONIC ms): noted as `opened=MS`,
 * that much after it began to connect. Null: it used an existing connection.
 */
export function openedAtMs(operations: Operations, i: number): number | null {
  const after = note(operations, i, OPENED);
  return after === null ? null : (operations.sentMs[i] as number) + after;
}

/** Did this operation have to connect first? Then part of its time is the login's. */
export function hadToConnect(operations: Operations, i: number): boolean {
  const detail = operations.detail.get(i) ?? '';
  return detail.startsWith('connect:') || OPENED.test(detail);
}

function note({ detail }: Operations, i: number, pattern: RegExp): number | null {
  if (detail.size === 0) return null;
  const match = pattern.exec(detail.get(i) ?? '');
  return match === null ? null : Number(match[1]);
}
