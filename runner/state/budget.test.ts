import assert from 'node:assert/strict';
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { loadEnvironment } from '../../env/loader.ts';
import { monoMs } from '../../host/clock.ts';
import { openHistory } from '../../probes/history.ts';
import type { Goals } from '../../reports/record/goals.ts';
import { BudgetAccount, budgetOf, estimateOf, overspent } from './budget.ts';
import type { Aimed, Estimate } from './budget.ts';
import { OutageMeter, type Progress } from './outage-meter.ts';

const CHECK = 'failover/postgres/hang';
const parent = mkdtempSync(join(tmpdir(), 'plumbline-budget-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));
const small = await loadEnvironment('local-small');
function environment(errorBudget: Partial<typeof small.drills.errorBudget>): typeof small {
  return {
    ...small,
    drills: { ...small.drills, errorBudget: { ...small.drills.errorBudget, ...errorBudget } },
  };
}
const progress = (t: number, lastOkMs: number, failed = 0): Progress => ({
  t,
  startedMs: 0,
  fail: failed,
  unknown: 0,
  unsent: 0,
  lastOkMs,
});

test('the meter turns progress into outages, and into failures between them where those cost more', () => {
  const meter = new OutageMeter({ ratePerSecond: 200, sinceMs: 1_000 });
  assert.deepEqual(meter.see(progress(1_000, 500)), { outageMs: 0, longestOutageMs: 0, lostMs: 0 });
  assert.equal(meter.see(progress(1_400, 1_100)).outageMs, 0, 'a gap between two reports is no outage');
  assert.equal(meter.see(progress(3_100, 1_100, 350)).outageMs, 2_000);
  assert.deepEqual(meter.see(progress(3_600, 3_500, 400)), {
    outageMs: 0,
    longestOutageMs: 2_000,
    lostMs: 2_000,
  });
  assert.equal(meter.see(progress(4_600, 3_600, 400)).lostMs, 3_000, 'outages add up');
  assert.equal(
    meter.see(progress(5_000, 5_000, 2_000)).lostMs,
    10_000,
    'failures count without an outage too',
  );
});

test('the budget follows from objective and window; it counts where somebody is served', () => {
  const budget = budgetOf(environment({ objective: 0.999, windowDays: 30, maxShare: 0.1 }));
  assert.equal(Math.round(budget.totalMs), 2_592_000);
  assert.equal(Math.round(budget.affordableMs), 259_200);
  assert.equal(budget.enforced, false);
  assert.equal(budgetOf(environment({ enforced: true })).enforced, true);
});

test('the estimate is the expected window, else the goal, times the share of the traffic', () => {
  const shared = environment({ trafficShare: { postgres: 0.25 } });
  const window = { hiMs: 28_000, derivation: 'ttl + loop_wait' };
  const live = estimateOf(shared, CHECK, { goals: { rtoSeconds: 35 }, window, aimed: null });
  assert.deepEqual([live.outageMs, live.share, live.estimateMs], [28_000, 0.25, 7_000]);
  assert.match(live.derivation, /live settings: ttl \+ loop_wait/);
  const known = { window: null, aimed: null };
  assert.equal(estimateOf(small, CHECK, { goals: { rtoSeconds: 35 }, ...known }).estimateMs, 35_000);
  const { rtoDeadline } = small.timeouts;
  assert.equal(estimateOf(small, CHECK, { goals: {}, ...known }).outageMs, rtoDeadline.seconds * 1000);
});

test('the time for which a majority is kept away is part of the estimate, where the fault does not end by itself', () => {
  const { rtoDeadline, faultHold } = small.timeouts;
  const heldMs = faultHold.seconds * 1000;
  const outageMs = (aimed: Aimed, goals: Goals = { rtoSeconds: 35 }): number =>
    estimateOf(small, CHECK, { goals, window: null, aimed }).outageMs;
  for (const fault of ['hang', 'partition', 'node-loss'])
    assert.equal(outageMs({ fault, target: 'majority' }), heldMs + 35_000, fault);
  assert.equal(outageMs({ fault: 'hang', target: 'majority', holdMs: 1_000 }), 36_000);
  assert.equal(outageMs({ fault: 'hang', target: 'majority' }, {}), heldMs + rtoDeadline.seconds * 1000);
  assert.equal(outageMs({ fault: 'hang', target: 'leader' }), 35_000);
  assert.equal(outageMs({ fault: 'pod-crash', target: 'majority' }), 35_000);
});

test('a fault costs too much when its outage is longer, or more was spent, than was estimated', () => {
  const estimate: Estimate = {
    from: 'window',
    outageMs: 10_000,
    share: 0.5,
    estimateMs: 5_000,
    derivation: '',
  };
  assert.equal(overspent(estimate, { outageMs: 10_000, spentMs: 5_000 }), null);
  assert.match(
    overspent(estimate, { outageMs: 10_001, spentMs: 0 }) ?? '',
    /outage has lasted 10\.0 s, longer than/,
  );
  assert.match(
    overspent(estimate, { outageMs: 0, spentMs: 5_100 }) ?? '',
    /5\.1 s of error budget are spent, more than/,
  );
});

const HANG: Aimed = { fault: 'hang', target: 'leader' };

/** A trial whose outage lasts as long as given; returns what was written, and how often it was restored. */
async function trial(runState: BudgetAccount, outageMs: number, aimed = HANG) {
  const hiMs = 2_000;
  const folder = mkdtempSync(join(parent, 'trial-'));
  const governing = openHistory(folder, 'governing.ndjson');
  governing.observe({ kind: 'expected-window', loMs: 0, hiMs, derivation: 'test' });
  await governing.close();
  let restored = 0;
  const refusal = await runState.begin(
    { check: CHECK, folder, goals: { rtoSeconds: 35 }, ratePerSecond: 200, ...aimed },
    {
      restore: () => {
        restored++;
        return Promise.resolve({ actions: 1, undone: ['thawed'], failed: [], conflicts: [] });
      },
      notice: () => undefined,
    },
  );
  const from = monoMs();
  for (let ms = 0; ms <= outageMs; ms += 250) runState.progress(CHECK, progress(from + ms, from));
  await runState.end(CHECK);
  const lines = readFileSync(join(folder, 'budget.ndjson'), 'utf8').trim().split('\n');
  return { refusal, restored, seen: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a fault that lasts longer than expected is undone once, and the history says so', async () => {
  const runState = new BudgetAccount(environment({ enforced: true }));
  const calm = await trial(runState, 1_500);
  assert.equal(calm.restored, 0);
  assert.deepEqual(
    calm.seen.map(({ kind }) => kind),
    ['budget-estimate', 'budget-spent'],
  );
  const long = await trial(runState, 4_000);
  assert.equal(long.restored, 1);
  assert.deepEqual(
    long.seen.map(({ kind }) => kind),
    ['budget-estimate', 'restored-early', 'restored-early-done', 'budget-spent'],
  );
  assert.match(String(long.seen[1]?.['reason']), /longer than the estimated 2\.0 s/);
  assert.ok(Number(long.seen[3]?.['spentMs']) >= 3_900);
});

test('a fault that ends by itself leaves nothing to undo: what it costs more is said, and counts against the next', async () => {
  const account = new BudgetAccount(
    environment({ enforced: true, objective: 0.999_998, windowDays: 30, maxShare: 1 }),
  );
  const long = await trial(account, 4_000, { fault: 'pod-crash', target: 'leader' });
  assert.equal(long.restored, 0);
  assert.deepEqual(
    long.seen.map(({ kind }) => kind),
    ['budget-estimate', 'remark', 'budget-spent'],
  );
  assert.match(
    String(long.seen[1]?.['text']),
    /longer than the estimated 2\.0 s; the fault ends by itself, so there is nothing to undo/,
  );
  assert.match((await trial(account, 0)).refusal ?? '', /only 1\.\d s are left/);
});

test('a full disk keeps no fault in force that costs too much, and is said at the end', async (t) => {
  for (const [aimed, times] of [
    [HANG, 1],
    [{ fault: 'pod-crash', target: 'leader' }, 0],
  ] as const) {
    const account = new BudgetAccount(environment({ enforced: true }));
    const folder = mkdtempSync(join(parent, 'full-'));
    const notices: string[] = [];
    let restored = 0;
    await account.begin(
      { check: CHECK, folder, goals: { rtoSeconds: 2 }, ratePerSecond: 200, ...aimed },
      {
        restore: () => {
          restored++;
          return Promise.resolve({ actions: 1, undone: ['thawed'], failed: [], conflicts: [] });
        },
        notice: (line) => notices.push(line),
      },
    );
    t.mock.method(fs, 'writeSync', () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    syncBuiltinESMExports();
    try {
      const from = monoMs();
      account.progress(CHECK, progress(from + 4_000, from));
      // A rejection that nobody waits for would end this process here.
      await setImmediate();
      assert.equal(restored, times);
      assert.match(notices.join('\n'), /budget\.ndjson: cannot write to it \(ENOSPC\)/);
      await assert.rejects(account.end(CHECK), /ENOSPC/);
    } finally {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    }
  }
});

test('where nobody is served it is counted and left alone', async () => {
  const long = await trial(new BudgetAccount(small), 4_000);
  assert.equal(long.restored, 0);
  assert.deepEqual(
    long.seen.map(({ kind }) => kind),
    ['budget-estimate', 'budget-spent'],
  );
});

test('a fault that is not affordable any more is not begun', async () => {
  const runState = new BudgetAccount(
    environment({ enforced: true, objective: 0.999_999, windowDays: 30, maxShare: 1 }),
  );
  assert.equal((await trial(runState, 1_500)).refusal, null);
  const second = await trial(runState, 0);
  assert.match(second.refusal ?? '', /may cost 2\.0 s of error budget, but only 1\.\d s are left/);
  assert.deepEqual(
    second.seen.map(({ kind }) => kind),
    ['budget-estimate', 'no-fault'],
  );
});
