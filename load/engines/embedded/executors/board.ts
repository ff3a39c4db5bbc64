/** A whole number that all threads of a load see and change. */
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

  /** Takes one away where there is any: of two threads that want the last one, one gets it. */
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

/** What a scenario counts over all threads. */
export class ScenarioCells {
  /** Iterations that have begun. */
  readonly started: Cell;
  /** Iterations that a VU has asked for, of those that VUs share. */
  readonly claimed: Cell;
  /** Iterations that are over, cut off or not. */
  readonly done: Cell;
  /** VUs that may still be made beyond the planned ones. */
  readonly recruits: Cell;
  /** VUs without an iteration, by thread. */
  readonly free: readonly Cell[];

  constructor(cells: Int32Array, from: number, threads: number) {
    this.started = new Cell(cells, from);
    this.claimed = new Cell(cells, from + 1);
    this.done = new Cell(cells, from + 2);
    this.recruits = new Cell(cells, from + 3);
    this.free = Array.from({ length: threads }, (_, thread) => new Cell(cells, from + OF_SCENARIO + thread));
  }
}

/** What the threads of a load count together, so that scripts and schedules see one load and not its parts. */
export class Board {
  readonly memory: SharedArrayBuffer;
  readonly threads: number;
  /** VUs that run an iteration now. */
  readonly busy: Cell;
  /** VUs that there are. */
  readonly vus: Cell;
  /** The highest id of a VU. */
  readonly lastId: Cell;
  readonly completed: Cell;
  readonly interrupted: Cell;
  readonly scenarios: readonly ScenarioCells[];

  /** @param memory of the same board in another thread */
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
