import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goalEntrySchema, loadDetailSchema } from '../../reports/record/details/load-detail.ts';
import type { InventedLoad } from '../../reports/judge/slo/_testing/histories.ts';
import { performance } from './_testing/judged.ts';

describe('requests of a load that were refused before the service', () => {
  /** One in so many requests is refused; the check of these has a name of its own. */
  const refused = (each: number, check: string): InventedLoad => {
    const seconds = 100;
    const bad = Math.floor(50 / each);
    const checks = [
      { name: 'list: as the contract has it', group: '', passes: (50 - bad) * seconds, fails: 0 },
      { name: check, group: '', passes: 0, fails: bad * seconds },
    ];
    return { seconds, perSecond: 50, failedAt: () => bad, over: { checks } };
  };

  it('should make each goal inconclusive with that cause, where they are many', () => {
    for (const name of ['api/availability', 'api/latency', 'api/throughput'])
      for (const [check, expected] of [
        ['turned away: rate-limit', /1000 of 5000 requests refused with 429/],
        ['turned away: credentials', /1000 of 5000 requests refused with 401/],
        ['turned away: permission', /1000 of 5000 requests refused with 403/],
        ['turned away: login', /1000 of 5000 requests sent to a login page/],
      ] as const) {
        const judgement = performance(name, refused(5, check));
        assert.equal(judgement.verdict, 'inconclusive', `${name}: ${judgement.reason}`);
        assert.match(judgement.reason, expected);
      }
    assert.equal(performance('api/availability', refused(5, 'list: as the contract has it')).verdict, 'fail');
  });

  function assertNoFigures({ goals = [], figures, load }: ReturnType<typeof performance>): void {
    const [goal] = goals.map((one) => goalEntrySchema.parse(one));
    assert.ok(goal);
    const { achieved, lower, upper, samples, remaining } = goal;
    assert.deepEqual([achieved, lower, upper, samples, remaining], [null, null, null, 0, null]);
    const measured = figures.filter(({ goal: limit }) => limit !== undefined);
    assert.ok(measured.length > 0);
    for (const { name, value } of measured)
      assert.ok(value === null || name === 'load delivered', `${name} ${String(value)}`);
    assert.ok(loadDetailSchema.parse(load).p99Ms.every((ms) => ms === null));
  }

  it('should give no figure of a goal by a load that was refused, nor by one of which only the setup was sent', () => {
    const [look] = [{ name: 'turned away: credentials', group: '::setup', passes: 0, fails: 1 }];
    const setupOnly: InventedLoad = {
      seconds: 1,
      perSecond: 1,
      offered: 50,
      change: () => ({ good: 0, bad: 0, started: 0, dropped: 0 }),
      over: {
        checks: [look],
        iterations: 0,
        requests: 1,
        outcome: 'failed',
        reason: 'Error: answered 401 before the load (credentials: status 401)',
      },
    };
    for (const name of ['api/availability', 'api/latency', 'api/throughput'])
      for (const [load, why] of [
        [refused(5, 'turned away: credentials'), /^1000 of 5000 requests refused with 401/],
        [setupOnly, /^the engine \(embedded\) failed: Error: answered 401/],
      ] as const) {
        const judgement = performance(name, load);
        assert.equal(judgement.verdict, 'inconclusive');
        assert.match(judgement.reason, why);
        assertNoFigures(judgement);
      }
    assert.notEqual(performance('api/latency', { seconds: 120 }).goals?.[0]?.achieved, null);
  });

  it('should count a few of them once as good and once as bad, and name them where that leaves the goal open', () => {
    for (const name of ['api/availability', 'api/latency']) {
      const few = performance(name, refused(50, 'turned away: rate-limit'));
      assert.equal(few.verdict, 'inconclusive');
      assert.match(few.reason, /^100 of 5000 requests refused with 429: a rate limit.*; .*bounds count 100/);
    }
  });
});
