/** Roles of a PostgreSQL by what its manager says: from answers that follow the products' documentation to the verdict. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pauseOf } from '../../../../probes/postgres/managers/patroni/index.ts';
import { registeredOf, runningOf as repmgrdOf } from '../../../../probes/postgres/managers/repmgr.ts';
import type { Look } from '../../../../probes/postgres/managers/repmgr.ts';
import type { StoreDescription } from '../../../../probes/store/store-driver.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { managerFacts } from '../../../../reports/record/facts/store-facts.ts';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';

type Conditions = NonNullable<StoreDescription['conditions']>;

const NAMES = ['orders-1', 'orders-2', 'orders-3'];
const members = NAMES.map((name, at): Seen => [
  'member',
  {
    store: 'postgres',
    name,
    ...(at === 0 ? { role: 'leader', state: 'running' } : { role: 'replica', state: 'streaming' }),
  },
]);

/** @param declared what the header has of its manager */
function judged(declared: string | object | undefined, conditions: Conditions): Judgement {
  const manager = typeof declared === 'string' ? { manager: declared } : declared;
  const described: Seen = ['described', { store: 'postgres', leader: 'orders-1' }];
  const pods = { namespace: 'databases', labels: { app: 'orders' } };
  return judge({
    check: 'topology/workloads/roles',
    settings: { stores: { postgres: { members: 3, pods, ...manager } } },
    seen: [
      described,
      ...members,
      ...conditions.map((condition): Seen => ['condition', { store: 'postgres', ...condition }]),
    ],
  });
}

describe('roles of PostgreSQL under a manager', () => {
  it('should fail while Patroni or repmgrd is paused, though every member follows', () => {
    assert.equal(judged('patroni', [pauseOf({})]).verdict, 'pass');
    assert.equal(judged('patroni', [pauseOf({ pause: true })]).verdict, 'fail');
    const look = (paused: boolean): Look => ({
      member: 'orders-1',
      node: 1,
      running: true,
      paused,
      nodes: NAMES.map((_, at) => ({ id: at + 1, type: at === 0 ? 'primary' : 'standby', active: true })),
    });
    const under = (paused: boolean): Judgement =>
      judged('repmgr', [repmgrdOf([look(paused)]), registeredOf([look(paused)], 'orders-1', 3)]);
    const runs = under(false);
    assert.equal(runs.verdict, 'pass');
    assert.match(JSON.stringify(runs), /failover= of repmgr\.conf was not seen/);
    assert.doesNotMatch(JSON.stringify(runs), /automatic failover/, 'repmgr may be set to manual');
    assert.equal(under(true).verdict, 'fail');
  });

  it('should be inconclusive where the manager could not be asked, and where a condition is missing', () => {
    const unseen = repmgrdOf([{ member: 'orders-1', failed: 'permission denied' }]);
    assert.equal(judged('patroni', [unseen]).verdict, 'inconclusive');
    assert.equal(judged('patroni', []).verdict, 'inconclusive');
    assert.equal(judged('repmgr', [pauseOf({})]).verdict, 'inconclusive');
    assert.equal(judged(undefined, []).verdict, 'pass', 'without a manager nobody says more');
  });

  it('should want no condition of a history that is older than they are', () => {
    const older = { patroni: { port: 8008, scope: 'orders' } };
    assert.equal(judged(older, []).verdict, 'pass');
    assert.ok('ttl' in managerFacts('postgres', older).governing, 'its settings were read then too');
  });
});
