/** Records of a log store, of which each answers for one line only. */

/** When it was logged, wall clock ms, and its message as it is compared. */
export interface Timed {
  timeMs: number;
  text: string;
}

/**
 * The records that answer for no line yet. A busy pod writes tens of thousands of them while twenty lines are looked up: those near a line are found by
 * their time, and those with its text by that.
 */
export class LeftRecords<R extends Timed> {
  readonly #apartMs: number;
  /** In the order of their times, and at the same time in that of the store. */
  readonly #records: readonly R[];
  readonly #order: ReadonlyMap<R, number>;
  readonly #byText: ReadonlyMap<string, SameText<R>>;
  readonly #taken = new Set<R>();

  /** @param apartMs most that the time of a record and that of its line may differ */
  constructor(records: readonly R[], apartMs: number) {
    this.#apartMs = apartMs;
    this.#records = records.toSorted((a, b) => a.timeMs - b.timeMs);
    this.#order = new Map(records.map((record, index) => [record, index]));
    this.#byText = new Map(
      [...Map.groupBy(this.#records, ({ text }) => text)].map(([text, same]) => [
        text,
        new SameText(same, this.#taken),
      ]),
    );
  }

  /** Those that may be of a line, the nearest in time first. */
  near(atMs: number): R[] {
    const from = firstFrom(this.#records, atMs - this.#apartMs);
    const near: R[] = [];
    for (let index = from; index < this.#records.length; index++) {
      const record = this.#records[index];
      if (record === undefined || record.timeMs > atMs + this.#apartMs) break;
      if (!this.#taken.has(record)) near.push(record);
    }
    return near.sort((a, b) => this.#compare(a, b, atMs));
  }

  /** Takes the nearest of those that stand for a line. @returns whether there was one */
  takeNearest(atMs: number, isSame: (text: string) => boolean): boolean {
    return this.#take(this.near(atMs).find(({ text }) => isSame(text)));
  }

  /** Takes the nearest of those with this text. @returns whether there was one */
  takeEqual(atMs: number, text: string): boolean {
    const [nearest] = (this.#byText.get(text)?.around(atMs) ?? [])
      .filter(({ timeMs }) => Math.abs(timeMs - atMs) <= this.#apartMs)
      .sort((a, b) => this.#compare(a, b, atMs));
    return this.#take(nearest);
  }

  take(records: readonly R[]): void {
    for (const record of records) this.#taken.add(record);
  }

  #take(record: R | undefined): boolean {
    if (record !== undefined) this.#taken.add(record);
    return record !== undefined;
  }

  #compare(a: R, b: R, atMs: number): number {
    const apart = Math.abs(a.timeMs - atMs) - Math.abs(b.timeMs - atMs);
    return apart === 0 ? (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0) : apart;
  }
}

/** Records with the same text. Taken ones are passed over in one step, however many there are: a pod may write one line thousands of times. */
class SameText<R extends Timed> {
  readonly #records: readonly R[];
  readonly #taken: ReadonlySet<R>;
  /** For each record that is taken: where the next one may be that is not. */
  readonly #after: Int32Array;
  readonly #before: Int32Array;

  constructor(records: readonly R[], taken: ReadonlySet<R>) {
    this.#records = records;
    this.#taken = taken;
    this.#after = Int32Array.from(records, (_, index) => index + 1);
    this.#before = Int32Array.from(records, (_, index) => index - 1);
  }

  /** Of those that are left the last before a time, and the first from then on; of several at one time the store's first. */
  around(atMs: number): R[] {
    const at = firstFrom(this.#records, atMs);
    const before = this.#left(this.#before, at - 1);
    const first = before === undefined ? -1 : firstFrom(this.#records, before.timeMs);
    return [this.#left(this.#after, first), this.#left(this.#after, at)].filter((one) => one !== undefined);
  }

  /** The first that is left from an index on, in the direction of the steps. */
  #left(steps: Int32Array, from: number): R | undefined {
    const isTaken = (index: number): boolean => {
      const record = this.#records[index];
      return record !== undefined && this.#taken.has(record);
    };
    let to = from;
    while (isTaken(to)) to = steps[to] ?? -1;
    for (let index = from; isTaken(index);) {
      const next = steps[index] ?? -1;
      steps[index] = to;
      index = next;
    }
    return this.#records[to];
  }
}

/** Index of the first record that is not older; the number of records where there is none. */
function firstFrom(records: readonly Timed[], atMs: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.timeMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
