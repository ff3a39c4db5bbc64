import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Board } from './board.ts';

describe('the board of a load', () => {
  it('should be the same for all who have its memory, each cell by itself', () => {
    const board = new Board(2, 3);
    const other = new Board(2, 3, board.memory);
    const all = [board.busy, board.vus, board.lastId, board.completed, board.interrupted];
    for (const { started, claimed, done, recruits, free } of board.scenarios)
      all.push(started, claimed, done, recruits, ...free);
    all.forEach((cell, index) => cell.set(index + 1));
    assert.deepEqual(
      all.map(({ value }) => value),
      all.map((_, index) => index + 1),
    );
    assert.equal(other.scenarios[1]?.free[2]?.value, all.length);
  });

  it('should give what there is, and no more', () => {
    const [cells] = new Board(1, 1).scenarios;
    cells?.recruits.set(2);
    assert.deepEqual(
      [1, 2, 3].map(() => cells?.recruits.takeOne()),
      [true, true, false],
    );
    assert.equal(cells?.recruits.value, 0);
  });
});
