import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeftRecords } from './left-records.ts';
import type { Timed } from './left-records.ts';

const APART_MS = 2_000;

/** The same by looking at every record: the nearest first, and at the same distance in the order of the store. */
class Plain {
  readonly left: Set<Timed>;
  constructor(records: readonly Timed[]) {
    this.left = new Set(records);
  }
  near(atMs: number): Timed[] {
    const apart = ({ timeMs }: Timed): number => Math.abs(timeMs - atMs);
    return [...this.left].filter((one) => apart(one) <= APART_MS).toSorted((a, b) => apart(a) - apart(b));
  }
  takeNearest(atMs: number, isSame: (text: string) => boolean): boolean {
    const nearest = this.near(atMs).find(({ text }) => isSame(text));
    return nearest !== undefined && this.left.delete(nearest);
  }
}

/** Numbers from 0 to 1, the same at each run (a linear congruential generator with the constants of Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}

test('should take the same records as a look at each of them does', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = numbers(seed);
    const whole = (most: number): number => Math.floor(random() * most);
    // Few times and few texts, so that many are as near, and equal.
    const records = Array.from({ length: 40 }, () => ({
      timeMs: whole(20) * 250,
      text: 'abc'.slice(0, 1 + whole(3)),
    }));
    const [fast, plain] = [new LeftRecords(records, APART_MS), new Plain(records)];
    for (let line = 0; line < 60; line++) {
      const [atMs, text] = [whole(24) * 250 - 500, 'abc'.slice(0, 1 + whole(3))];
      const holds = (kept: string): boolean => kept.includes(text);
      if (random() < 0.7)
        assert.equal(
          fast.takeEqual(atMs, text),
          plain.takeNearest(atMs, (kept) => kept === text),
        );
      else assert.equal(fast.takeNearest(atMs, holds), plain.takeNearest(atMs, holds));
      const [now, wanted] = [fast.near(atMs), plain.near(atMs)];
      assert.equal(now.length, wanted.length);
      assert.ok(
        now.every((record, index) => record === wanted[index]),
        `seed ${seed}, line ${line}`,
      );
    }
  }
});

test('should be quick where a pod writes one line tens of thousands of times', () => {
  const many = 50_000;
  const records = Array.from({ length: many }, (_, index) => ({ timeMs: index % 100, text: 'tick' }));
  const left = new LeftRecords(records, APART_MS);
  const begun = performance.now();
  let taken = 0;
  for (let index = 0; index < many; index++) if (left.takeEqual(50, 'tick')) taken += 1;
  assert.equal(taken, many);
  assert.equal(left.takeEqual(50, 'tick'), false);
  // A look at each record for each line takes minutes.
  assert.ok(performance.now() - begun < 5_000);
});
