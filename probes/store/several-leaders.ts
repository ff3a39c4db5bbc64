/** More than one member that leads at the same time: for how long, and which of them took writes meanwhile. */
import { monoMs } from '../../host/clock.ts';
import type { ObserveOptions } from './store-driver.ts';

/** All members that say at one look that they lead, each with a count that changes with every write of a client there; null: it could not be counted. */
export type Leading = readonly { name: string; written: string | null }[];

/** Members are asked every 100 ms: two looks are over sooner, as where a leader has not stepped down yet, unless servers answer slowly. */
const BRIEF_MS = 1000;

interface Stretch {
  leaders: Set<string>;
  wrote: Set<string>;
  /** The last count of each. */
  counts: Map<string, string>;
  /** Those with a second count to compare with the first: of others it was not seen whether they took writes. */
  compared: Set<string>;
  /** Looks so far. */
  looks: number;
  betweenMs: [number, number];
}

/** Looks at several leaders, one after the other, as one observation. */
export class SeveralLeaders {
  readonly #write: ObserveOptions['write'];
  readonly #byDesign: string | undefined;
  #stretch: Stretch | null = null;

  constructor(write: ObserveOptions['write'], byDesign?: string) {
    this.#write = write;
    this.#byDesign = byDesign;
  }

  /** @param askedMs before the look */
  saw(leading: Leading, askedMs: number): void {
    if (leading.length < 2) {
      this.end();
      return;
    }
    const stretch = (this.#stretch ??= {
      leaders: new Set(),
      wrote: new Set(),
      counts: new Map(),
      compared: new Set(),
      looks: 0,
      betweenMs: [askedMs, askedMs],
    });
    for (const { name } of leading) stretch.leaders.add(name);
    // A member that was asked before another one was promoted may have taken its last write before that: the first interval does not count.
    if (stretch.looks >= 1) for (const one of leading) count(stretch, one);
    stretch.looks++;
    stretch.betweenMs[1] = monoMs();
  }

  /** Writes the stretch that is open. */
  end(): void {
    if (this.#stretch === null) return;
    const { leaders, wrote, compared, looks, betweenMs } = this.#stretch;
    this.#stretch = null;
    // Two looks leave nothing to compare, whoever was counted.
    const brief = looks < 3 && betweenMs[1] - betweenMs[0] < BRIEF_MS;
    const uncounted = brief ? [] : [...leaders].filter((name) => !compared.has(name));
    this.#write({
      kind: 'several-leaders',
      leaders: [...leaders].sort(),
      wrote: [...wrote].sort(),
      ...(uncounted.length > 0 && { uncounted: uncounted.sort() }),
      ...(this.#byDesign !== undefined && { byDesign: this.#byDesign }),
      betweenMs,
    });
  }
}

function count({ counts, compared, wrote }: Stretch, { name, written }: Leading[number]): void {
  if (written === null) return;
  const before = counts.get(name);
  if (before !== undefined) compared.add(name);
  if (before !== undefined && before !== written) wrote.add(name);
  counts.set(name, written);
}
