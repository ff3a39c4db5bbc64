import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pressureOf } from './pressure.ts';
import type { PressureLook } from './pressure.ts';

const look = (t: number, cpuMs: number, own: PressureLook['own'] = null): PressureLook => ({
  ...{ kind: 'pressure', t, cpuMs, memoryMs: 0, ioMs: t / 100, own },
});

describe('pressure of a trial', () => {
  it('should be nothing of fewer than two looks', () => {
    assert.equal(pressureOf([]), null);
    assert.equal(pressureOf([look(0, 0)]), null);
  });

  it('should give the share of the whole time, and that of the worst 10 s', () => {
    // 20 s without any waiting, then 10 s in which something waited all the time.
    const looks = Array.from({ length: 16 }, (_, i) => look(i * 2000, Math.max(0, i * 2000 - 20_000)));
    const found = pressureOf(looks);
    assert.equal(found?.spanMs, 30_000);
    assert.deepEqual(found.cpu, { mean: 1 / 3, most: 1 });
    assert.deepEqual(found.memory, { mean: 0, most: 0 });
    assert.equal(found.io.mean.toFixed(3), '0.010');
  });

  it('should take the mean for the worst stretch of less than 10 s', () => {
    assert.deepEqual(pressureOf([look(0, 0), look(4000, 1000)])?.cpu, { mean: 0.25, most: 0.25 });
  });

  it('should not tell of the harness where one look does not', () => {
    assert.equal(pressureOf([look(0, 0, { waitedMs: 5, ranMs: 0 }), look(1000, 0, null)])?.own, null);
  });

  it('should hold the waiting of the harness against the time in which it wanted a core', () => {
    const from = look(0, 0, { waitedMs: 5, ranMs: 20 });
    const to = (waitedMs: number, ranMs: number) => look(1000, 0, { waitedMs, ranMs });
    assert.equal(pressureOf([from, to(15, 50)])?.own?.mean, 0.25);
    assert.equal(pressureOf([from, to(5, 20)])?.own?.mean, 0);
  });
});
