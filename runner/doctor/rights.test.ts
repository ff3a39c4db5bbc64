import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { rightsWith } from '../../suites/catalogue/rights.ts';
import { DRILLS, EVERY_COMMAND, REACH, RUNS } from '../safety/rights.ts';
import { granting, situationOf } from './_testing/situation.ts';
import type { Situation } from './item.ts';
import { needsOf } from './needs.ts';
import { rights } from './rights.ts';
import { covers, GRANTS, grainsOf } from './roles.ts';
import type { Grain } from './roles.ts';

const staging = await loadEnvironment('staging');
const production = await loadEnvironment('production');

/** What the documented roles give the two accounts of Plumbline together. */
const DOCUMENTED = GRANTS.filter(({ accounts }) =>
  accounts.some((account) => ['plumbline', 'plumbline-drill'].includes(account)),
);
const documented = (asked: Grain): boolean => DOCUMENTED.some((grant) => covers(grant, asked));
const text = ({ verb, group, resource, namespace, name }: Grain): string =>
  [verb, group, resource, namespace, name].join(' ');

/** Everything that is asked for in a profile, and what nobody is given. */
async function askedIn(situation: (kube: Situation['reached']) => Situation): Promise<Grain[]> {
  const { kube, asked } = granting(() => true);
  const base = situationOf(staging, kube);
  await rights.look(situation(base.reached));
  return asked;
}

for (const profile of ['smoke', 'nightly', 'gate'])
  test(`should find nothing missing of profile ${profile} with the documented roles, and name each right that is taken away`, async () => {
    const all = await rights.look(situationOf(staging, granting(documented).kube, { profile }));
    assert.deepEqual(
      all.filter(({ state }) => state === 'missing' || state === 'unknown'),
      [],
    );
    const asked = await askedIn((reached) => ({ ...situationOf(staging, null, { profile }), reached }));
    const given = asked.filter(documented);
    assert.ok(given.length > 25, `only ${given.length} rights are asked for`);
    for (const taken of given) {
      const without = granting((one) => text(one) !== text(taken) && documented(one));
      const found = await rights.look(situationOf(staging, without.kube, { profile }));
      const [missing, ...others] = found.filter(({ state }) => state === 'missing');
      assert.deepEqual([missing?.what.split(' ')[0], others], [taken.verb, []], text(taken));
      const { what = '', add = '' } = missing ?? {};
      const [resource = ''] = taken.resource.split('/').slice(-1);
      assert.ok(what.includes(resource) && what.includes(taken.namespace), `${text(taken)}: ${what}`);
      assert.match(
        add,
        new RegExp(`verbs: \\[${taken.verb}\\] \\}\\n# (Cluster)?Role plumbline-`),
        text(taken),
      );
    }
  });

test('should ask for nothing that the check alone does not need', async () => {
  const of = [EVERY_COMMAND, RUNS, DRILLS, REACH].flat().flatMap((purpose) => purpose.rights);
  const usual = new Set(grainsOf(of).map(text));
  for (const environment of [staging, production])
    for (const one of situationOf(environment, null).running) {
      const own = grainsOf(rightsWith(one.row, one.row.access[environment.kind])).map(text);
      const { kube, asked } = granting(() => true);
      await rights.look({ ...situationOf(environment, kube), planned: [one], running: [one] });
      const idle = asked.map(text).filter((grain) => !usual.has(grain) && !own.includes(grain));
      const ofFault = one.row.injects?.faultIn === undefined ? [] : idle;
      assert.deepEqual(idle, ofFault, one.row.id);
    }
});

test('should ask for no right to make or to break where the checks only read', () => {
  const needs = needsOf(production, situationOf(production, null).running);
  const writes = needs.filter(
    ({ right: { verbs, notGiven } }) =>
      notGiven === undefined && verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)),
  );
  const { system } = production.namespaces;
  assert.deepEqual([...new Set(writes.map(({ namespace }) => namespace))], [system]);
});

test('should ask where the pods of a store are, and for forwarding only where it is declared', () => {
  const { running } = situationOf(staging, null, { checks: ['failover/redis/pod-delete'] });
  const redis = staging.stores.redis ?? assert.fail();
  const moved = { ...redis, statefulSet: { namespace: 'caches', name: 'kv' } };
  const elsewhere = { ...staging, stores: { ...staging.stores, redis: moved } };
  const places = (of: typeof staging, resource: string): string[] =>
    needsOf(of, running).flatMap(({ right, namespace }) => (right.resource === resource ? [namespace] : []));
  assert.deepEqual(
    needsOf(elsewhere, running)
      .filter(({ right }) => right.resource === 'pods' && right.verbs.includes('delete'))
      .map(({ namespace }) => namespace),
    ['caches'],
  );
  assert.deepEqual(places(staging, 'pods/portforward'), []);
  const forwarded = {
    ...elsewhere,
    cluster: { ...elsewhere.cluster, reach: 'port-forward' },
  } as typeof staging;
  assert.deepEqual(places(forwarded, 'pods/portforward'), ['caches']);
});

test('should ask for logs wherever something is declared that may hold the token of the model', () => {
  const { running } = situationOf(staging, null, { checks: ['integrations/llm-token'] });
  const places = (of: typeof staging): string[] =>
    needsOf(of, running).flatMap(({ right, namespace }) =>
      right.resource === 'pods/log' ? [namespace] : [],
    );
  assert.deepEqual(places(staging), ['tender', 'edge']);
  const { ai, topology, stores } = staging;
  if (ai === undefined || stores.redis === undefined) return assert.fail('staging declares both');
  const spread = {
    ...staging,
    ai: { ...ai, deployment: { namespace: 'models', name: 'drafts' } },
    stores: { redis: { ...stores.redis, statefulSet: { namespace: 'caches', name: 'kv' } } },
    topology: {
      ...topology,
      workloads: topology.workloads.map((one) => ({ ...one, namespace: 'apps' })),
    },
  } as typeof staging;
  assert.deepEqual(places(spread), ['tender', 'edge', 'models', 'apps', 'caches']);
});

test('should ask for objects of operators only where they are declared, and only for checks that read them', () => {
  const { running } = situationOf(staging, null, { checks: ['scaling/backend/up', 'gpu/exclusive'] });
  const { topology, gpu } = staging;
  const { edge } = topology;
  if (gpu === undefined || edge?.backend === undefined) return assert.fail('staging declares both');
  const { deployment, scaling } = edge.backend;
  const backend = { ...edge.backend, scaling: { ...scaling, scaledObject: 'api' } };
  const workloads = topology.workloads.map((one) =>
    one.name === deployment.name ? { ...one, kind: 'Rollout' as const } : one,
  );
  const operated = {
    ...staging,
    gpu: { ...gpu, claims: { driver: 'gpu.nvidia.com' } },
    topology: { ...topology, workloads, edge: { ...edge, backend } },
  };
  const asked = (of: typeof staging, checks = running): string[] =>
    needsOf(of, checks)
      .filter(({ right }) => ['rollouts', 'scaledobjects', 'resourceclaims'].includes(right.resource))
      .map(({ right }) => `${right.verbs.join()} ${right.resource}`)
      .sort();
  assert.deepEqual(asked(staging), []);
  assert.deepEqual(asked(operated), [
    'get resourceclaims',
    'list,watch rollouts',
    'list,watch scaledobjects',
  ]);
  assert.deepEqual(
    asked(operated, situationOf(staging, null, { checks: ['topology/nodes/pools'] }).running),
    [],
  );
});

test('should say that what nobody is given is not needed, and why a right could not be asked for', async () => {
  const all = situationOf(staging, granting(() => false).kube);
  const refused = (await rights.look(all)).filter(({ state }) => state === 'not needed');
  assert.ok(refused.length > 0);
  for (const { detail } of refused) assert.match(detail, /^given to nobody: /);
  const silent = situationOf(staging, () => Promise.resolve({ status: 503, body: {} }));
  for (const { state, detail } of await rights.look(silent))
    assert.deepEqual([state, /503/.test(detail)], ['unknown', true]);
  const [unreached] = await rights.look(situationOf(staging, null));
  assert.equal(unreached?.state, 'unknown');
});

test('should ask for no more than reading where a run only reads, and for what its checks read', async () => {
  const environment = await loadEnvironment('staging', { readOnly: true });
  const { kube, asked } = granting(() => true);
  await rights.look(situationOf(environment, kube));
  assert.ok(asked.length > 10, `${asked.length} rights`);
  assert.deepEqual(asked.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb)).map(text), []);
  assert.deepEqual(asked.filter(({ namespace }) => namespace.startsWith('plumbline-')).map(text), [
    'get  configmaps plumbline-system plumbline-journal',
  ]);
  assert.ok(asked.some(({ verb, resource }) => verb === 'list' && resource === 'statefulsets'));
});

test('should call optional in a read-only run what leaves some of its checks inconclusive, and say which', async () => {
  const environment = await loadEnvironment('staging', { readOnly: true });
  const refusing = (resources: readonly string[]) =>
    granting(({ resource }) => !resources.includes(resource)).kube;
  const look = async (
    kube: ReturnType<typeof refusing>,
    of: typeof staging,
    checks: readonly string[] = ['topology/nodes/pools', 'topology/workloads/declared'],
  ) => (await rights.look(situationOf(of, kube, { checks }))).filter(({ state }) => state !== 'ok');
  const [nodes, ...others] = await look(refusing(['nodes']), environment);
  assert.deepEqual(
    [nodes?.what, nodes?.state, nodes?.detail, others],
    ['list, watch nodes everywhere', 'optional', 'without it inconclusive: topology/nodes/pools', []],
  );
  assert.match(nodes?.add ?? '', /resources: \[nodes\]/);
  for (const [resource, without] of [
    ['pods/log', 'no logs beside what fails'],
    ['leases', 'no sign of life of nodes and controllers'],
  ] as const) {
    const found = (await look(refusing([resource]), environment)).map(({ state, detail }) => [state, detail]);
    assert.deepEqual(found[0], [
      'optional',
      `without it ${without}: topology/nodes/pools, topology/workloads/declared`,
    ]);
  }
  for (const [kube, of, checks] of [
    [refusing(['nodes']), staging],
    [refusing(['nodes']), environment, ['topology/nodes/pools']],
    [refusing(['nodes', 'deployments']), environment],
    [refusing(['namespaces']), environment],
  ] as const)
    assert.equal((await look(kube, of, checks))[0]?.state, 'missing', `${of.name} ${String(checks)}`);
});

test('should call the list of drills optional in a read-only run whose checks judge restarts', async () => {
  const environment = await loadEnvironment('staging', { readOnly: true });
  const { kube } = granting(({ resource }) => resource !== 'configmaps');
  const look = async (checks: readonly string[]) =>
    (await rights.look(situationOf(environment, kube, { checks }))).filter(({ state }) => state !== 'ok');
  for (const others of [[], ['topology/nodes/pools']]) {
    const [list, ...more] = await look([...others, 'topology/workloads/declared']);
    assert.deepEqual(
      [list?.what, list?.state, list?.detail, more],
      [
        'get configmaps plumbline-journal in plumbline-system',
        'optional',
        'without it what restarted of late is inconclusive: topology/workloads/declared',
        [],
      ],
    );
    assert.match(list?.add ?? '', /verbs: \[get\] \}\n# Role plumbline-system/);
  }
  assert.deepEqual(await look(['topology/nodes/pools']), []);
});
