import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planChecks } from '../../suites/catalogue/index.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { describePlan, priceOf, tooDear } from './dry-run.ts';
import { checkTimeoutMs, headerSettings, lockMode } from './environment-parts.ts';
import { refusalOf } from './permits.ts';
import type { Mutation } from '../provider-safety.ts';

const small = await loadEnvironment('local-small');
const mutation = (check: string, access: Mutation['access']): Mutation => ({
  check,
  title: 'a change',
  access,
  rollbacks: [],
  act: () => Promise.resolve(),
});

test('should let readers share, keep faults alone, and give each trial its time', () => {
  const [reader] = planChecks(small, { checks: ['topology/nodes/pools'] });
  const [crash] = planChecks(small, { checks: ['failover/postgres/pod-crash'], repeat: 3 });
  assert.ok(reader && crash);
  assert.equal(lockMode(reader, small), 'shared');
  assert.equal(lockMode(crash, small), 'exclusive');
  const once = checkTimeoutMs({ ...crash, trials: 1 }, small);
  assert.equal(checkTimeoutMs(crash, small), 3 * once);
  assert.ok(once > small.timeouts.rtoDeadline.seconds * 1000);
});

test('should hand failover checks their store and fault, and nobody a secret', () => {
  const settings = headerSettings('failover/postgres/pod-crash', small);
  assert.equal(settings['store'], 'postgres');
  assert.equal(settings['fault'], 'pod-crash');
  assert.equal(settings['members'], 3);
  assert.equal(settings['rtoDeadlineMs'], small.timeouts.rtoDeadline.seconds * 1000);
  assert.ok(!JSON.stringify(settings).includes('password'));
});

test('should price a dry run by its goals and say what is touched', () => {
  const planned = planChecks(small, {
    checks: ['failover/postgres/pod-crash', 'topology/nodes/pools'],
    repeat: 2,
  });
  assert.equal(priceOf(small, planned).seconds, 60);
  const text = describePlan(small, planned);
  assert.match(
    text,
    /failover\/postgres\/pod-crash: disturbs the environment and restores it; about \d+ s, 2 trials/,
  );
  assert.match(text, /topology\/nodes\/pools: reads only/);
  assert.match(text, /outage of at most 30 s × 1 of the requests = 30 s of error budget a trial/);
  assert.match(
    text,
    /Price: at most 60 s of the error budget of 2592 s; one drill is allowed 259 s \(counted but not enforced/,
  );
});

test('should price a fault whatever is looked at meanwhile, by the traffic of the store that it hits', () => {
  const checks = ['telemetry/logs/under-fault', 'telemetry/traces/under-fault', 'telemetry/logs/canary'];
  const { errorBudget } = small.drills;
  const shared = {
    ...small,
    drills: { ...small.drills, errorBudget: { ...errorBudget, trafficShare: { postgres: 0.5 } } },
  };
  const { seconds } = small.timeouts.rtoDeadline;
  const planned = planChecks(small, { checks }).map((one) => ({ ...one, notRun: null }));
  assert.equal(priceOf(small, planned).seconds, 2 * seconds);
  assert.equal(priceOf(shared, planned).seconds, seconds);
  assert.match(describePlan(small, planned), /logs\/under-fault: .* of error budget a trial\n/);
  assert.match(
    describePlan(small, planned),
    /logs\/canary: writes canary data of its own, and removes what can be removed; about \d+ s\n/,
  );
});

test('should price the time for which a drill keeps a majority away', () => {
  const planned = (check: string) => planChecks(small, { checks: [check], repeat: 1 });
  const hang = planned('failover/postgres/hang');
  const goal = hang[0]?.goals.rtoSeconds ?? 0;
  const { seconds: held } = small.timeouts.faultHold;
  assert.ok(goal > 0 && held > 0);
  assert.equal(priceOf(small, hang).seconds, goal);
  assert.equal(priceOf(small, hang, 'majority').seconds, goal + held);
  assert.ok(describePlan(small, hang, 'majority').includes(`outage of at most ${goal + held} s × 1`));
  assert.equal(priceOf(small, planned('failover/postgres/pod-crash'), 'majority').seconds, 30);
  const [one] = hang;
  assert.ok(one);
  const { errorBudget } = small.drills;
  const tight = { ...errorBudget, enforced: true, objective: 0.9999, maxShare: (goal + 1) / 259.2 };
  const served = { ...small, drills: { ...small.drills, errorBudget: tight } };
  assert.equal(tooDear(served, one), null);
  assert.match(tooDear(served, one, 'majority') ?? '', /of error budget in 1 trial; /);
});

test('should call a drill too dear only where somebody is served, over all its trials and by its share of the traffic', () => {
  const plan = (repeat: number) => planChecks(small, { checks: ['failover/postgres/pod-crash'], repeat })[0];
  const one = plan(1);
  const many = plan(9);
  assert.ok(one && many);
  assert.equal(tooDear(small, many), null);
  const { errorBudget } = small.drills;
  const served = { ...small, drills: { ...small.drills, errorBudget: { ...errorBudget, enforced: true } } };
  assert.equal(tooDear(served, one), null);
  assert.match(
    tooDear(served, many) ?? '',
    /may cost 270 s of error budget in 9 trials; \S+ allows one drill 259 s/,
  );
  served.drills.errorBudget.trafficShare = { postgres: 0.5 };
  assert.equal(tooDear(served, many), null);
});

test('should refuse mutations that the environment does not permit', () => {
  assert.equal(refusalOf(small, mutation('failover/postgres/pod-crash', 'fault')), null);
  assert.equal(refusalOf(small, mutation('topology/nodes/pools/cordoned', 'control')), null);
  assert.match(refusalOf(small, mutation('no/such/check', 'canary')) ?? '', /no check/);
  const forbidden = { ...small, permits: [] };
  assert.match(
    refusalOf(forbidden, mutation('failover/postgres/pod-crash', 'fault')) ?? '',
    /no permit in local-small/,
  );
});
