import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RestingVus } from './resting.ts';

const EVERY_MS = 50;

/** A load of 20 a second for two minutes, whose connections a balancer has tied to servers in turn. @param tookMs answers of each server, ms */
function loaded(vus: number, tookMs: readonly number[]) {
  const serverOf = new Map<number, number>();
  const restsFrom = new Map<number, number>();
  const resting = new RestingVus(
    Array.from({ length: vus }, (_, vu) => vu),
    (vu) => serverOf.delete(vu),
  );
  const requests = tookMs.map(() => 0);
  const rests: number[] = [];
  let opened = 0;
  let busy: { vu: number; untilMs: number }[] = [];
  for (let nowMs = 0; nowMs < 120_000; nowMs += EVERY_MS) {
    const done = busy.filter(({ untilMs }) => untilMs <= nowMs).sort((a, b) => a.untilMs - b.untilMs);
    busy = busy.filter(({ untilMs }) => untilMs > nowMs);
    for (const { vu, untilMs } of done) {
      resting.rest(vu, untilMs);
      restsFrom.set(vu, untilMs);
    }
    const vu = resting.take(nowMs) ?? assert.fail('no VU is idle');
    const kept = serverOf.get(vu);
    if (kept !== undefined) rests.push(nowMs - (restsFrom.get(vu) ?? nowMs));
    const server = kept ?? opened++ % tookMs.length;
    serverOf.set(vu, server);
    requests[server] = (requests[server] ?? 0) + 1;
    busy.push({ vu, untilMs: nowMs + (tookMs[server] ?? 0) });
  }
  return { requests, longestMs: Math.max(...rests), opened };
}

describe('idle VUs', () => {
  it('should take turns, so that a slow server and a fast one get their share', () => {
    for (const slowMs of [2, 30, 900]) {
      const { requests, opened } = loaded(100, [30, 30, slowMs]);
      const share = (requests[2] ?? 0) / requests.reduce((sum, one) => sum + one, 0);
      assert.ok(share > 0.25 && share < 0.4, `${slowMs} ms: ${requests.join(', ')}`);
      assert.ok(opened >= 60 && opened <= 100, `${opened} connections`);
    }
  });

  it('should use no connection that has rested so long that its server may be about to close it', () => {
    for (const vus of [100, 1_000]) assert.ok(loaded(vus, [30, 30, 900]).longestMs <= 4_500);
  });

  it('should begin on a new connection after a long rest, also where all have rested long', () => {
    const disconnected: string[] = [];
    const resting = new RestingVus(['a'], (vu) => disconnected.push(vu));
    assert.equal(resting.take(0), 'a');
    resting.rest('a', 100);
    assert.deepEqual([resting.take(200), disconnected], ['a', ['a']]);
    resting.rest('a', 300);
    assert.deepEqual([resting.take(10_000), disconnected], ['a', ['a', 'a']]);
    assert.equal(resting.take(10_000), undefined);
  });
});
