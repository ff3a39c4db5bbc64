/** More than one member that leads at the same time: for how long, and which of them took writes meanwhile. */
import { monoMs } from '../../host/clock.ts';
import type { ObserveOptions } from './store-driver.ts';

/** All members that say at one look that they lead, each with a count that grows with every write that completes there. */
export type Leading = readonly { name: string; completed: string }[];

interface Stretch {
  leaders: Set<string>;
  wrote: Set<string>;
  /** Looks so far. */
  looks: number;
  last: Leading;
  betweenMs: [number, number];
}

/** Looks at several leaders, one after the other, as one observation. */
export class SeveralLeaders {
  readonly #write: ObserveOptions['write'];
  #stretch: Stretch | null = null;

  constructor(write: ObserveOptions['write']) {
    this.#write = write;
  }

  /** @param askedMs before the look */
  saw(leading: Leading, askedMs: number): void {
    if (leading.length < 2) {
      this.end();
      return;
    }
    const stretch = (this.#stretch ??= {
      ...{ leaders: new Set(), wrote: new Set(), looks: 0, last: [] },
      betweenMs: [askedMs, askedMs],
    });
    for (const { name } of leading) stretch.leaders.add(name);
    // A member that was asked before another one was promoted may have taken its last write before that: the first interval does not count.
    if (stretch.looks >= 2) for (const name of writersBetween(stretch.last, leading)) stretch.wrote.add(name);
    stretch.looks++;
    stretch.last = leading;
    stretch.betweenMs[1] = monoMs();
  }

  /** Writes the stretch that is open. */
  end(): void {
    if (this.#stretch === null) return;
    const { leaders, wrote, betweenMs } = this.#stretch;
    this.#stretch = null;
    this.#write({
      kind: 'several-leaders',
      leaders: [...leaders].sort(),
      wrote: [...wrote].sort(),
      betweenMs,
    });
  }
}

function writersBetween(before: Leading, now: Leading): string[] {
  return now.flatMap(({ name, completed }) => {
    const was = before.find((one) => one.name === name);
    return was !== undefined && was.completed !== completed ? [name] : [];
  });
}
