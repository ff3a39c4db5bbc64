import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { catalogue, planChecks, whyNotRun } from '../index.ts';
import type { PlannedCheck, Selection } from '../index.ts';

const local = await loadEnvironment('local');
const small = await loadEnvironment('local-small');

function one(environment: Environment, id: string, selection: Selection = {}): PlannedCheck {
  const [planned, ...others] = planChecks(environment, { ...selection, checks: [id] });
  assert.ok(planned !== undefined);
  assert.equal(others.length, 0);
  return planned;
}

test('should list what a profile runs and everything that is not built', () => {
  const planned = planChecks(local, { profile: 'spine' });
  const runs = planned.filter((check) => check.notRun === null).map((check) => check.row.id);
  const crashes = ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j'].map(
    (store) => `failover/${store}/pod-crash`,
  );
  const built = new Set(catalogue().flatMap((row) => (row.built ? [row.id] : [])));
  assert.deepEqual(
    runs.filter((id) => id.startsWith('failover/')),
    crashes.filter((id) => built.has(id)),
  );
  assert.equal(runs.filter((id) => id.startsWith('topology/')).length, 14);
  assert.ok(!planned.some((check) => check.row.id === 'failover/postgres/pod-delete'));
  const notBuilt = planned.filter((check) => !check.row.built && check.notRun !== null);
  assert.equal(notBuilt.length, catalogue().filter((row) => !row.built).length);
});

test('should spare a single member the faults that only another one can answer, and say why', () => {
  for (const fault of ['node-loss', 'partition', 'switchover'])
    assert.match(
      one(local, `failover/neo4j/${fault}`).notRun?.text ?? '',
      /one member cannot fail over \(clustering needs/,
    );
  assert.equal(one(local, 'failover/neo4j/pod-crash').notRun, null);
});

test('should not run on the small size what only the full one can hold', () => {
  assert.equal(one(small, 'topology/cluster/control-plane').notRun?.text, 'size small');
  assert.equal(one(local, 'topology/cluster/control-plane').notRun, null);
});

test('should let containers restart only where drills kill them', async () => {
  const id = 'topology/workloads/declared';
  for (const environment of [local, small]) assert.equal(one(environment, id).goals.maxRestarts, 3);
  for (const name of ['testing', 'staging', 'production'])
    assert.equal(one(await loadEnvironment(name), id).goals.maxRestarts, 0, name);
});

test('should break nothing of a store that is an address without pods', () => {
  const { postgres, ...others } = local.stores;
  assert.ok(postgres);
  const { statefulSet: _statefulSet, ...managed } = postgres;
  const environment = { ...local, stores: { ...others, postgres: { ...managed, members: 1 } } };
  for (const fault of ['pod-crash', 'pod-delete', 'hang'])
    assert.match(
      one(environment, `failover/postgres/${fault}`).notRun?.text ?? '',
      /not declared: pods of postgres, which is declared as an address/,
    );
  assert.equal(one(environment, 'topology/workloads/roles').notRun, null);
});

test('should order a planned change of leader only from a manager that is declared', () => {
  const { postgres, ...others } = local.stores;
  assert.ok(postgres);
  const { patroni: _patroni, ...unmanaged } = postgres;
  const environment = { ...local, stores: { ...others, postgres: unmanaged } };
  assert.match(
    one(environment, 'failover/postgres/switchover').notRun?.text ?? '',
    /^not declared: stores\.postgres\.patroni, which is asked/,
  );
  assert.equal(one(environment, 'failover/postgres/pod-crash').notRun, null);
  assert.equal(one(local, 'failover/postgres/switchover').notRun, null);
});

test('should only list what was selected', () => {
  const ids = planChecks(local, { suites: ['recovery'] }).map(({ row }) => row.id);
  assert.deepEqual(ids, ['recovery/backup/age', 'recovery/backup/restore']);
});

test('should run checks of a part only where it is provisioned, and require them nowhere else', async () => {
  const id = 'gpu/exclusive';
  assert.equal(one(local, id).notRun, null);
  assert.equal(one(local, id, { profile: 'nightly' }).required, true);
  const without = await loadEnvironment('local', { with: ['postgres'] });
  assert.equal(one(without, id).notRun?.text, 'not provisioned: part gpu (provisioned with postgres)');
  assert.equal(one(without, id, { profile: 'nightly' }).required, false);
  const tight = await loadEnvironment('local', { size: 'small' });
  assert.equal(one(tight, id).notRun?.text, 'size small');
  assert.equal(one(tight, id, { profile: 'nightly' }).required, false);
  assert.equal(one(await loadEnvironment('testing'), id).notRun?.text, 'not declared: gpu');
  const { prometheus: _prometheus, ...unobserved } = local;
  assert.equal(one(unobserved, 'gpu/metrics').notRun?.text, 'not declared: prometheus');
  const pools = local.topology.pools.map((pool) => ({ ...pool, taints: [] }));
  const untainted = { ...local, topology: { ...local.topology, pools } };
  assert.equal(one(untainted, 'gpu/taint').notRun?.text, 'not declared: taints of gpu.pool');
  assert.deepEqual([one(local, 'gpu/taint').notRun, one(untainted, id).notRun], [null, null]);
  assert.equal(
    one(await loadEnvironment('production'), 'gpu/exhausted').notRun?.text,
    'does not apply to a production environment',
  );
});

test('should run the checks of devices in the rehearsal as well, but for taints that its pool is declared without', async () => {
  const rehearsal = await loadEnvironment('rehearsal', { with: ['gpu'] });
  const planned = planChecks(rehearsal, { profile: 'gpu', suites: ['gpu'] });
  const notRun = planned.flatMap(({ row, notRun: why, required }) =>
    why === null ? [] : [[row.id, why.text, required]],
  );
  assert.deepEqual(notRun, [['gpu/taint', 'not declared: taints of gpu.pool', false]]);
  assert.equal(planned.length, 7);
});

test('should leave out of a profile what cannot pass there, unless the profile asks for it', async () => {
  const staging = await loadEnvironment('staging');
  const testing = await loadEnvironment('testing');
  for (const [environment, id, why] of [
    [
      staging,
      'topology/cluster/control-plane',
      /no documented role has the right to get and create pods\/exec/,
    ],
    [staging, 'integrations/llm', /not declared: ai\.llm\.control/],
    [
      testing,
      'performance/ai/availability',
      /the 120 requests of ai\.load cannot show 99\.9 %: 2995 are the fewest/,
    ],
  ] as const) {
    const left = one(environment, id, { profile: 'nightly' });
    assert.match(left.notRun?.text ?? '', new RegExp(`^it cannot pass here: ${why.source}`));
    assert.equal(left.required, false);
    const nightly = { ...(environment.profiles['nightly'] ?? assert.fail()), required: [id] };
    const asked = one({ ...environment, profiles: { nightly } }, id, { profile: 'nightly' });
    assert.deepEqual([asked.notRun, asked.required], [null, true]);
    assert.match(asked.cannotPass ?? '', why);
    // Whoever chooses it by name sees what it sees.
    assert.equal(one(environment, id).notRun, null);
    const here = one(local, id, { profile: 'nightly' });
    assert.deepEqual([here.notRun, here.cannotPass, here.required], [null, undefined, true]);
  }
});

test('should say beforehand that a load cannot show as many good answers as it asks for', async () => {
  const testing = await loadEnvironment('testing');
  const id = 'performance/ai/throughput';
  const { ai } = testing;
  const asking = (requestsPerSecond: number) =>
    one({ ...testing, ai: { ...(ai ?? assert.fail()), load: { requestsPerSecond, seconds: 600 } } }, id, {
      profile: 'nightly',
    }).notRun?.text ?? '';
  assert.match(
    asking(1),
    /^it cannot pass here: ai\.load offers 1 a second, which cannot show that 1 a second are answered well: it must offer more\./,
  );
  assert.doesNotMatch(asking(2), /cannot/);
});

test('should refuse unknown profiles, suites and globs', () => {
  assert.throws(
    () => planChecks(local, { profile: 'spin' }),
    /no profile "spin" \(did you mean "spine"\?\); it has: smoke, /,
  );
  assert.throws(
    () => planChecks(local, { suites: ['topolgy'] }),
    /no such suite "topolgy"; there are: topology, /,
  );
  assert.throws(
    () => planChecks(local, { checks: ['failover/postgres/pod-crush'] }),
    /did you mean "failover\/postgres\/pod-crash"/,
  );
  assert.throws(
    () => planChecks(local, { profile: 'smoke', checks: ['failover/postgres/pod-crash'] }),
    /none of the selected checks/,
  );
});

test('should need a permit that names the fault, in its window', () => {
  const id = 'failover/postgres/pod-crash';
  const now = new Date('2026-11-24T12:00:00Z');
  const permitted = (permits: Environment['permits']): string | null =>
    one({ ...local, permits }, id, { now }).notRun?.text ?? null;
  const checks = ['failover/**'];
  assert.equal(permitted([]), 'not permitted: no permit in local');
  assert.equal(permitted([{ checks, faults: ['hang'] }]), 'not permitted: no permit for the fault pod-crash');
  const faults: Environment['permits'][number]['faults'] = ['pod-crash'];
  assert.equal(
    permitted([{ checks, faults, until: '2026-11-24T12:00:00Z' }]),
    'not permitted: its permit ended 2026-11-24T12:00:00Z',
  );
  assert.equal(
    permitted([{ checks, faults, from: '2026-11-25T00:00:00Z' }]),
    'not permitted: its permit starts only at 2026-11-25T00:00:00Z',
  );
  const night = (day: string): Environment['permits'][number] => ({
    checks,
    faults,
    from: `2026-11-${day}T20:00:00Z`,
    until: `2026-11-${day}T23:00:00Z`,
  });
  assert.equal(
    permitted([night('23'), night('26'), night('25')]),
    'not permitted: its permit starts only at 2026-11-25T20:00:00Z',
  );
  const open = { checks, faults, until: '2026-11-24T01:00:00Z' };
  assert.equal(
    permitted([night('22'), open, night('23')]),
    'not permitted: its permit ended 2026-11-24T01:00:00Z',
  );
  assert.equal(permitted([{ checks, faults, until: '2026-11-24T12:00:01Z' }]), null);
});

test('should permit no fault in production, whose file holds no permits, and let it be read', () => {
  const production: Environment = { ...local, kind: 'production', permits: [] };
  assert.deepEqual(one(production, 'failover/postgres/pod-crash').notRun, {
    by: 'never',
    text: 'not permitted: production may only be read; its file holds no permits',
  });
  assert.equal(one(production, 'topology/nodes/pools').notRun, null);
});

test('should make nothing where the catalogue only lets it read', () => {
  const production: Environment = { ...local, kind: 'production', permits: [] };
  for (const id of ['performance/api/latency', 'performance/ai/throughput', 'telemetry/alerts/fires'])
    assert.equal(
      one(production, id).notRun?.text,
      'not permitted: this check creates the load or breach that it measures, and this environment may only be read',
    );
  for (const id of ['performance/budget', 'telemetry/alerts/rules', 'integrations/llm-token'])
    assert.equal(one(production, id).notRun, null, id);
  assert.equal(one(local, 'performance/api/latency').notRun, null);
});

test('should say what keeps a check from being run, and not only in a sentence', async () => {
  const staging = await loadEnvironment('staging');
  const by = (environment: Environment, id: string) => one(environment, id).notRun?.by;
  const { redis: _redis, ...stores } = staging.stores;
  const bare = { ...staging, stores, permits: [] };
  const missing = one(bare, 'failover/redis/pod-delete').notRun;
  assert.deepEqual([missing?.by, missing?.lacks], ['not-declared', ['store redis']]);
  assert.equal(by(bare, 'failover/postgres/pod-delete'), 'not-permitted');
  assert.equal(by({ ...staging, readOnly: true }, 'failover/postgres/pod-delete'), 'read-only');
  assert.equal(by({ ...staging, kind: 'production', permits: [] }, 'performance/api/latency'), 'never');
  assert.equal(by(small, 'topology/cluster/control-plane'), 'never');
  const unbuilt = catalogue().find(({ built }) => !built) ?? assert.fail();
  assert.equal(by(local, unbuilt.id), 'not-built');
  const without = await loadEnvironment('local', { with: ['postgres'] });
  assert.equal(by(without, 'gpu/exclusive'), 'not-provisioned');
  assert.equal(one(without, 'gpu/exclusive').notRun?.lacks, undefined);
});

test('should say what is not declared', () => {
  const { edge: _edge, ...topology } = local.topology;
  assert.equal(one({ ...local, topology }, 'topology/edge/path').notRun?.text, 'not declared: topology.edge');
  assert.equal(
    one({ ...local, stores: {} }, 'failover/postgres/pod-crash').notRun?.text,
    'not declared: store postgres',
  );
});

test('should take goals from the catalogue, the file and the store, in this order', () => {
  const id = 'failover/postgres/pod-crash';
  assert.deepEqual(one(local, id).goals, { rtoSeconds: 30, lostWrites: 0, minTrials: 1 });
  assert.equal(one(local, id).goalSource, 'assumed');
  const goals: Environment['goals'] = {
    'failover/**': { status: 'confirmed', values: { rtoSeconds: 20, lostWrites: 0, minTrials: 2 } },
  };
  const without = { ...local, goals, stores: { postgres: { ...local.stores.postgres!, goals: {} } } };
  const planned = one(without, id);
  assert.deepEqual([planned.goals.rtoSeconds, planned.trials, planned.goalSource], [20, 2, 'confirmed']);
  assert.match(planned.goalText, /\(here: rtoSeconds 20, minTrials 2\)$/);
  assert.equal(one({ ...local, goals }, id).goals.rtoSeconds, 30);
});

test('should count the goals of objectives as confirmed where each of them is', () => {
  const source = (status: 'assumed' | 'confirmed', last = status): string => {
    const objectives = local.objectives.map((one, at, all) => ({
      ...one,
      status: at === all.length - 1 ? last : status,
    }));
    return one({ ...local, objectives }, 'performance/budget').goalSource;
  };
  assert.deepEqual(
    [source('assumed'), source('confirmed'), source('confirmed', 'assumed')],
    ['assumed', 'confirmed', 'assumed'],
  );
});

test('should call goals confirmed only when an owner has confirmed every one of them', () => {
  const id = 'failover/postgres/pod-crash';
  const stores = { postgres: { ...local.stores.postgres!, goals: {} } };
  const source = (goals: Environment['goals']): string => one({ ...local, goals, stores }, id).goalSource;
  const rto = { status: 'confirmed', values: { rtoSeconds: 20 } } as const;
  const losses = { status: 'confirmed', values: { lostWrites: 0 } } as const;
  assert.equal(source({ [id]: rto }), 'assumed');
  assert.equal(source({ [id]: rto, 'failover/**': losses }), 'confirmed');
  assert.equal(source({ [id]: rto, 'failover/**': { ...losses, status: 'assumed' } }), 'assumed');
  const slower = { status: 'assumed', values: { rtoSeconds: 40 } } as const;
  assert.equal(source({ [id]: rto, 'failover/**': losses, 'failover/postgres/**': slower }), 'assumed');
});

test('should tell the judges of services how often they are to be tried', () => {
  const profiles = { many: { checks: ['**'], required: [], optional: [], minTrials: 10, serviceTrials: 3 } };
  const planned = (id: string): PlannedCheck => one({ ...local, profiles }, id, { profile: 'many' });
  for (const [id, trials] of [
    ['failover/backend/pod-crash', 3],
    ['failover/postgres/pod-crash', 10],
  ] as const)
    assert.deepEqual([planned(id).goals.minTrials, planned(id).trials], [trials, trials], id);
  assert.equal(planned('topology/nodes/pools').goals.minTrials, undefined);
});

test('should ask for one trial of what is not repeated, whatever a glob says', () => {
  const goals: Environment['goals'] = { '**': { status: 'assumed', values: { minTrials: 3 } } };
  const often = { ...local, goals, stores: { postgres: { ...local.stores.postgres!, goals: {} } } };
  const planned = (id: string): unknown => {
    const { trials, goals: of } = one(often, id);
    return [trials, of.minTrials];
  };
  assert.deepEqual(planned('topology/nodes/pools'), [1, undefined]);
  assert.deepEqual(planned('failover/postgres/pod-crash'), [3, 3]);
});

test('should take trials from --repeat, else from the profile or the goal, whichever asks for more', () => {
  const id = 'failover/postgres/pod-crash';
  const goals: Environment['goals'] = { [id]: { status: 'confirmed', values: { minTrials: 5 } } };
  const often = { ...local, goals, stores: { postgres: { ...local.stores.postgres!, goals: {} } } };
  const { trials, goals: more } = one(often, id, { profile: 'gate' });
  assert.deepEqual([trials, more.minTrials], [5, 5], 'a profile takes nothing off a goal');
  assert.equal(one(often, id, { profile: 'gate', repeat: 2 }).goals.minTrials, 5);
  assert.equal(one(local, id, { profile: 'gate' }).trials, 3);
  assert.equal(one(local, id, { profile: 'gate', repeat: 10 }).trials, 10);
  assert.equal(one(local, 'topology/nodes/pools', { repeat: 10 }).trials, 1);
});

test('should mark what a profile requires', () => {
  assert.equal(one(local, 'topology/nodes/pools', { profile: 'spine' }).required, true);
  assert.equal(one(local, 'topology/mesh/istio', { profile: 'spine' }).required, false);
});

test('should require what the file declares and permits but for what the profile lets off, and what the profile names', async () => {
  const staging = await loadEnvironment('staging');
  const required = (environment: Environment, id: string, lists: object): boolean => {
    const profiles = { all: { checks: ['**'], required: [], optional: [], ...lists } };
    return one({ ...environment, profiles }, id, { profile: 'all' }).required;
  };
  const [crash, drafts] = ['failover/postgres/pod-crash', 'performance/ai/latency'];
  assert.equal(required(staging, crash, {}), true);
  assert.equal(required({ ...staging, permits: [] }, crash, {}), false, 'it is not permitted');
  const { ai: _ai, ...without } = staging;
  assert.equal(required(without, drafts, {}), false, 'it is not declared');
  assert.equal(required(without, drafts, { required: ['performance/ai/*'] }), true);
  const optional = [{ checks: ['failover/**'], reason: 'by day' }];
  assert.equal(required(staging, crash, { optional }), false);
  assert.equal(required(staging, crash, { optional, required: [crash] }), true);
  const development = await loadEnvironment('development');
  assert.equal(required(development, crash, { required: [crash] }), false, 'it never runs there');
});

test('should neither run nor require what looks at a part that was not provisioned, and say so', async () => {
  const bare = await loadEnvironment('local', { with: ['postgres'] });
  const row = catalogue().find(({ id }) => id === 'telemetry/logs/canary');
  assert.ok(row !== undefined);
  assert.match(
    whyNotRun(bare, { ...row, built: true })?.text ?? '',
    /^not provisioned: part telemetry \(provisioned with postgres\)$/,
  );
  const required = {
    ...bare,
    profiles: { all: { checks: ['**'], required: ['telemetry/**'], optional: [] } },
  };
  assert.equal(one(required, row.id, { profile: 'all' }).required, false);
  assert.equal(one({ ...required, partsLeftOut: ['ai'] }, row.id, { profile: 'all' }).required, true);
});

test('should measure what clients of a store see only where they are not forwarded', async () => {
  const staging = await loadEnvironment('staging');
  assert.ok('kubeconfig' in staging.cluster && staging.stores.postgres);
  const outside = (host: string): Environment => ({
    ...staging,
    cluster: { ...staging.cluster, reach: 'port-forward' },
    stores: { postgres: { ...staging.stores.postgres!, primary: { host, port: 5432 } } },
  });
  const why = (host: string, id = 'failover/postgres/pod-delete') =>
    one(outside(host), id).notRun?.text ?? null;
  for (const host of ['db', 'db.tender', 'db.tender.svc', 'db.data.svc.cluster.local'])
    assert.match(
      why(host) ?? '',
      /^clients of postgres are at .*, inside the cluster: .*deploy\/cronjob\.yaml/,
    );
  for (const host of ['db.example.com', '198.51.100.7']) assert.equal(why(host), null, host);
  assert.equal(why('db.tender', 'topology/workloads/roles'), null);
  assert.equal(
    one({ ...outside('db.tender'), cluster: staging.cluster }, 'failover/postgres/pod-delete').notRun,
    null,
  );
});
