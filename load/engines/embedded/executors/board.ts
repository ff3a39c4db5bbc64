/** An integer that all threads of a load share. */
export class Cell {
  readonly #cells: Int32Array;
  readonly #at: number;

  constructor(cells: Int32Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  get value(): number {
    return Atomics.load(this.#cells, this.#at);
  }

  set(value: number): void {
    Atomics.store(this.#cells, this.#at, value);
  }

  /** @returns what it was before */
  add(count: number): number {
    return Atomics.add(this.#cells, this.#at, count);
  }

  /** @returns what it was before */
  exchange(value: number): number {
    return Atomics.exchange(this.#cells, this.#at, value);
  }

  /** Decrements it if it is positive. If two threads want the last one, only one gets it. @returns whether this one did */
  takeOne(): boolean {
    for (;;) {
      const seen = this.value;
      if (seen <= 0) return false;
      if (Atomics.compareExchange(this.#cells, this.#at, seen, seen - 1) === seen) return true;
    }
  }
}

const OF_LOAD = 5;
const OF_SCENARIO = 4;

/** Counters of one scenario over all threads. */
export class ScenarioCells {
  /** Iterations that have begun. */
  readonly started: Cell;
  /** `shared-iterations`: iterations claimed by VUs. */
  readonly claimed: Cell;
  /** Iterations that have ended, including interrupted ones. */
  readonly done: Cell;
  /** VUs that may still be made in addition to the planned ones. */
  readonly recruits: Cell;
  /** Idle VUs, by thread. */
  readonly free: readonly Cell[];

  constructor(cells: Int32Array, from: number, threads: number) {
    this.started = new Cell(cells, from);
    this.claimed = new Cell(cells, from + 1);
    this.done = new Cell(cells, from + 2);
    this.recruits = new Cell(cells, from + 3);
    this.free = Array.from({ length: threads }, (_, thread) => new Cell(cells, from + OF_SCENARIO + thread));
  }
}

/** Counters that the threads of a load share, so that scripts and schedules see one load. */
export class Board {
  readonly memory: SharedArrayBuffer;
  readonly threads: number;
  /** VUs that run an iteration now. */
  readonly busy: Cell;
  /** VUs that exist. */
  readonly vus: Cell;
  /** The highest id of a VU. */
  readonly lastId: Cell;
  readonly completed: Cell;
  readonly interrupted: Cell;
  readonly scenarios: readonly ScenarioCells[];

  /** @param memory the memory of the same board in another thread; undefined: a new board */
  constructor(scenarios: number, threads: number, memory?: SharedArrayBuffer) {
    const size = OF_SCENARIO + threads;
    this.memory = memory ?? new SharedArrayBuffer(4 * (OF_LOAD + scenarios * size));
    this.threads = threads;
    const cells = new Int32Array(this.memory);
    this.busy = new Cell(cells, 0);
    this.vus = new Cell(cells, 1);
    this.lastId = new Cell(cells, 2);
    this.completed = new Cell(cells, 3);
    this.interrupted = new Cell(cells, 4);
    this.scenarios = Array.from(
      { length: scenarios },
      (_, at) => new ScenarioCells(cells, OF_LOAD + at * size, threads),
    );
  }
}
