import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { percent, percentAtLeast, percentAtMost, percentDeclared } from './percent.ts';

describe('a share in percent', () => {
  it('should be rounded down where it is of good, and up where it is of bad', () => {
    assert.deepEqual([percentAtLeast(0.99849, 1), percentAtLeast(0.99996, 2)], [99.8, 99.99]);
    assert.deepEqual([percentAtMost(0.00101, 1), percentAtMost(0.000004, 3)], [0.2, 0.001]);
    assert.deepEqual([percent(0.999996), percent(1)], ['99.999 %', '100 %']);
  });

  it('should not move where it needs no rounding, whatever floating point makes of it', () => {
    for (let thousandths = 0; thousandths <= 100_000; thousandths++) {
      const share = thousandths / 100_000;
      assert.equal(percentAtLeast(share, 3), thousandths / 1000);
      assert.equal(percentAtMost(share, 3), thousandths / 1000);
      assert.equal(percentAtMost(1 - (1 - share), 3), thousandths / 1000);
    }
    assert.equal(Object.is(percentAtMost(0, 3), 0), true);
  });

  it('should be shown as it was declared', () => {
    assert.notEqual(0.9985 * 100, 99.85);
    assert.deepEqual([percentDeclared(0.9985), percentDeclared(0.999)], [99.85, 99.9]);
  });
});
