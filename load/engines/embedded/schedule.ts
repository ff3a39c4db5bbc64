import type { Arriving } from './options.ts';

/** A piece of a schedule with a linear rate. Rates are per ms, times are ms from the scenario's start. */
interface Piece {
  startMs: number;
  endMs: number;
  from: number;
  to: number;
  /** Iterations due before this piece. */
  before: number;
}

/**
 * When the iterations of an open scenario are due. Iteration `n` (from 0) of a constant rate is due at `n / rate`; of a ramping one when
 * `n + 1` iterations' worth of rate has passed, as in k6.
 */
export class ArrivalSchedule {
  readonly #pieces: Piece[] = [];
  /** How much of an iteration must have passed before the first is due: 0 or 1. */
  readonly #offset: number;

  constructor(scenario: Arriving) {
    const constant = scenario.executor === 'constant-arrival-rate';
    const stages = constant ? [{ duration: scenario.duration, target: scenario.rate }] : scenario.stages;
    let from = constant ? scenario.rate : scenario.startRate;
    let startMs = 0;
    let before = 0;
    for (const { duration, target } of stages) {
      const piece = {
        startMs,
        endMs: startMs + duration,
        from: from / scenario.timeUnit,
        to: target / scenario.timeUnit,
        before,
      };
      if (duration > 0) this.#pieces.push(piece);
      before += ((piece.from + piece.to) / 2) * duration;
      startMs += duration;
      from = target;
    }
    this.#offset = constant ? 0 : 1;
  }

  /** When iteration `n` is due, ms; null: the schedule ends before that. */
  dueMs(n: number): number | null {
    const wanted = n + this.#offset;
    for (const piece of this.#pieces) {
      const at = timeOf(piece, wanted, this.#offset === 1);
      if (at !== null) return at;
    }
    return null;
  }
}

/**
 * When the iterations add up to `wanted` within a piece; null: not in this piece.
 * @param inclusive whether the end of the piece belongs to it
 */
function timeOf(piece: Piece, wanted: number, inclusive: boolean): number | null {
  const { startMs, endMs, from, to, before } = piece;
  const length = endMs - startMs;
  const need = wanted - before;
  const slope = (to - from) / length;
  if (need < -1e-9) return null;
  let t: number;
  if (slope === 0) t = from === 0 ? Infinity : need / from;
  else {
    const root = from * from + 2 * slope * need;
    if (root < -1e-12) return null;
    // The earlier solution of the quadratic equation, in the form that keeps precision for a small slope.
    t = (2 * need) / (from + Math.sqrt(Math.max(0, root)));
  }
  if (Number.isNaN(t)) t = 0;
  return t < length - 1e-9 || (inclusive && t <= length + 1e-9) ? startMs + Math.min(t, length) : null;
}
