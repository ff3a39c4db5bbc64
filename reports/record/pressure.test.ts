import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pressureOf } from './pressure.ts';
import type { PressureLook } from './pressure.ts';

const look = (t: number, cpuMs: number, cores: PressureLook['cores'] = null): PressureLook => ({
  kind: 'pressure',
  t,
  cpuMs,
  memoryMs: 0,
  ioMs: t / 100,
  cores,
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
    assert.equal(found.io?.mean.toFixed(3), '0.010');
  });

  it('should say nothing of a time of which less than half is known', () => {
    const of = (t: number, knownMs: number): PressureLook => ({
      kind: 'pressure',
      t,
      cpuMs: null,
      memoryMs: null,
      ioMs: null,
      nodes: 3,
      cores: { count: 2, busyMs: knownMs, oursMs: 0, knownMs },
    });
    assert.equal(pressureOf([of(0, 0), of(60_000, 30_000), of(61_000, 30_000)])?.others, null);
    assert.deepEqual(pressureOf([of(0, 0), of(60_000, 30_000)])?.others, { mean: 0.5, most: 0.5 });
  });

  it('should say how late the harness was at most, but for what was before', () => {
    const looks = [900, 3, 17.5, 2].map((lateMs, i) => ({ ...look(i * 2000, 0), lateMs }));
    assert.equal(pressureOf(looks)?.lateMs, 17.5);
    assert.equal('lateMs' in (pressureOf([look(0, 0), look(1000, 0)]) ?? {}), false);
  });

  it('should know of the nodes of a cluster what others took, and no more', () => {
    const of = (t: number, busyMs: number): PressureLook => ({
      kind: 'pressure',
      t,
      cpuMs: null,
      memoryMs: null,
      ioMs: null,
      nodes: 3,
      cores: { count: 7.5, busyMs, oursMs: 0 },
    });
    assert.deepEqual(pressureOf([of(0, 0), of(1000, 3750)]), {
      cpu: null,
      memory: null,
      io: null,
      nodes: 3,
      spanMs: 1000,
      others: { mean: 0.5, most: 0.5 },
      used: { mean: 0.5, most: 0.5 },
    });
  });

  it('should take the mean for the worst stretch of less than 10 s', () => {
    assert.deepEqual(pressureOf([look(0, 0), look(4000, 1000)])?.cpu, { mean: 0.25, most: 0.25 });
  });

  const cores = (busyMs: number, oursMs: number) => ({ count: 2, busyMs, oursMs });

  it('should tell what others took of all cores', () => {
    const found = pressureOf([look(0, 0, cores(5000, 1000)), look(1000, 0, cores(6500, 1500))]);
    assert.deepEqual(found?.others, { mean: 0.5, most: 0.5 });
    assert.deepEqual(found.used, { mean: 0.75, most: 0.75 });
  });

  it('should not take what has ended for the work of others, nor tell what one look does not', () => {
    // A child that used 17 s ends, and its time is no longer counted.
    const ended = [
      look(0, 0, cores(0, 17_000)),
      look(1000, 0, cores(1500, 800)),
      look(2000, 0, cores(2000, 1100)),
    ];
    assert.equal(pressureOf(ended)?.others?.mean, 0.05);
    assert.equal(pressureOf(ended)?.used?.mean, 0.5);
    assert.equal(pressureOf([look(0, 0, cores(0, 0)), look(1000, 0, cores(100, 900))])?.others?.mean, 0);
    assert.equal(pressureOf([look(0, 0, cores(0, 0)), look(1000, 0, null)])?.others, null);
  });
});
