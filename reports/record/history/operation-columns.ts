import { DetailColumn } from '../details/details.ts';
import type { Operations } from './history.ts';

const FIRST_CAPACITY = 1024;

/** Operations in typed arrays that double when full: 41 bytes per operation besides its detail, and no object per operation. */
export class OperationColumns {
  count = 0;
  private n = new Float64Array(FIRST_CAPACITY);
  private intendedMs = new Float64Array(FIRST_CAPACITY);
  private sentMs = new Float64Array(FIRST_CAPACITY);
  private doneMs = new Float64Array(FIRST_CAPACITY);
  private outcome = new Uint8Array(FIRST_CAPACITY);
  private readonly detail = new DetailColumn();

  /** Appends one operation from `values` (n, intended, sent, done, outcome code), without a detail. */
  push(values: Float64Array): void {
    this.append(values);
    this.detail.none();
  }

  /** As `push`, with a detail: the UTF-8 text from `from` to `to` in `source`, which may be reused afterwards. */
  pushDetailed(values: Float64Array, source: Buffer, from: number, to: number): void {
    this.append(values);
    this.detail.copy(source, from, to);
  }

  private append(values: Float64Array): void {
    const at = this.count;
    if (at === this.n.length) this.grow();
    this.n[at] = values[0] as number;
    this.intendedMs[at] = values[1] as number;
    this.sentMs[at] = values[2] as number;
    this.doneMs[at] = values[3] as number;
    this.outcome[at] = values[4] as number;
    this.count = at + 1;
  }

  /** Views cut to the number of operations; nothing is copied, and nothing may be pushed afterwards. */
  finish(): Operations {
    const { count } = this;
    return {
      count,
      n: this.n.subarray(0, count),
      intendedMs: this.intendedMs.subarray(0, count),
      sentMs: this.sentMs.subarray(0, count),
      doneMs: this.doneMs.subarray(0, count),
      outcome: this.outcome.subarray(0, count),
      detail: this.detail,
    };
  }

  private grow(): void {
    this.n = doubled(this.n);
    this.intendedMs = doubled(this.intendedMs);
    this.sentMs = doubled(this.sentMs);
    this.doneMs = doubled(this.doneMs);
    const outcome = new Uint8Array(this.outcome.length * 2);
    outcome.set(this.outcome);
    this.outcome = outcome;
  }
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
