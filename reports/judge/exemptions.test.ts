import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invent } from '../../suites/_testing/histories.ts';
import type { Seen } from '../../suites/_testing/histories.ts';
import { judgeOf } from '../../suites/_testing/judges.ts';
import { fixtureCheck } from '../render/_testing/fixture.ts';
import { exemptionsIn, unmatchedIn, withoutMatched } from './exemptions.ts';

const API = { kind: 'Deployment', namespace: 'tender', name: 'api', replicas: { min: 1, max: 2 } };
const NAME = 'Deployment tender/api';
const REASON = 'of a third party';

const found = (check: string, settings: Record<string, unknown>, ...seen: Seen[]): [string, string][] =>
  exemptionsIn(invent({ check, settings, seen })).map(({ subject, reason }) => [subject, reason]);
const workloads = (more: Record<string, unknown>) => ({ workloads: [{ ...API, ...more }] });
const exempt = (check: string, containers?: string[]) =>
  workloads({ exempt: [{ checks: [check], ...(containers && { containers }), reason: REASON }] });

test('should name each container that is let off from its check, and no other', () => {
  const line = (kind: string, container: string): Seen => [kind, { workload: NAME, container }];
  const [probes, resources] = ['topology/workloads/probes', 'topology/workloads/resources'];
  const both = (kind: string): Seen[] => [
    ['template', { workload: NAME, containers: ['api', 'proxy'], initContainers: ['init'] }],
    line(kind, 'api'),
    line(kind, 'proxy'),
    line(kind, 'init'),
  ];
  const proxy = [[`container proxy of ${NAME}`, REASON]];
  assert.deepEqual(
    found(probes, exempt('topology/workloads/p*', ['proxy']), ...both('container-probes')),
    proxy,
  );
  assert.deepEqual(found(resources, exempt(resources, ['proxy']), ...both('container-resources')), proxy);
  assert.deepEqual(found(resources, exempt(probes, ['proxy']), ...both('container-resources')), []);
  assert.equal(found(probes, exempt('**'), ...both('container-probes')).length, 2, 'no init container');
  const images = 'topology/workloads/images';
  const seen = [line('container-image', 'api'), line('pod-image', 'proxy'), line('pod-image', 'proxy')];
  assert.deepEqual(found(images, exempt(images, ['proxy']), ...seen), proxy, 'once');
});

test('should name containers without lines only where none of their pods wrote one', () => {
  const check = 'telemetry/logs/every-workload';
  const of = (container: string, lines: number): Seen => ['recent', { workload: NAME, container, lines }];
  assert.deepEqual(found(check, exempt(check), of('api', 0), of('api', 3), of('proxy', 0)), [
    [`container proxy of ${NAME}`, REASON],
  ]);
});

test('should name what is ignored in closed namespaces, and runs there undeclared', () => {
  const owner = (name: string, namespace = 'tender'): Seen => [
    'owner',
    { kindName: 'Deployment', namespace, name, pods: 1 },
  ];
  const closed = {
    namespaces: ['tender'],
    ignore: [
      { kind: 'Deployment', name: 'a*', reason: REASON },
      { kind: 'Job', name: '*', reason: 'not there' },
    ],
  };
  const seen = [owner('api'), owner('agent'), owner('agent', 'elsewhere'), owner('other')];
  assert.deepEqual(found('topology/workloads/declared', { ...workloads({}), closed }, ...seen), [
    ['Deployment tender/agent', REASON],
  ]);
});

test('should name settings that a role may have, in the check of settings and in trials', () => {
  const stores = {
    postgres: {
      members: 3,
      durability: { fsync: 'on' },
      durabilityOverrides: [{ role: 'batch', reason: REASON }],
    },
  };
  const lines = (kind: string): Seen[] =>
    [
      { value: 'off' },
      { value: 'off', override: { role: 'batch', database: null } },
      { value: 'on', override: { role: 'batch', database: 'tender' } },
      { value: 'off', override: { role: 'app', database: null } },
    ].map((one): Seen => [kind, { store: 'postgres', name: 'fsync', ...one }]);
  const batch = [['fsync of postgres, role batch: off', REASON]];
  assert.deepEqual(found('topology/storage/durability', { stores }, ...lines('setting')), batch);
  assert.deepEqual(found('failover/postgres/hang', { stores }, ...lines('governing')), batch);
});

test('should name nodes of others, and what a workload need not be spread over', () => {
  const others = [{ labels: { team: 'b', zone: 'c' }, reason: REASON }];
  assert.deepEqual(found('topology/nodes/pools', { nodes: { others } }), [
    ['nodes with team=b, zone=c', REASON],
  ]);
  const placed: Seen = ['placement', { workload: NAME }];
  const spread = { differentNodes: false, disruptionBudget: false };
  assert.deepEqual(found('topology/workloads/spread', workloads({ spread }), placed), [
    [`${NAME}: different nodes`, 'spread.differentNodes: false'],
    [`${NAME}: a disruption budget`, 'spread.disruptionBudget: false'],
  ]);
  assert.deepEqual(found('topology/workloads/spread', workloads({ spread })), [], 'nothing was placed');
  const one = workloads({ spread, replicas: { min: 1, max: 1 } });
  assert.deepEqual(found('topology/workloads/spread', one, placed), []);
});

test('should name the members of a store that one of its workloads lets off', () => {
  const redis = { members: 4 };
  const master = {
    kind: 'StatefulSet',
    namespace: 'caches',
    name: 'redis-master',
    store: 'redis',
    replicas: { min: 1, max: 1 },
    spread: { differentNodes: false },
  };
  const members = (store: string): Seen => ['members-placed', { store, pods: [] }];
  const named = (stores: object, more: object, ...seen: Seen[]): [string, string][] =>
    found('topology/workloads/spread', { stores, workloads: [{ ...master, ...more }] }, ...seen);
  assert.deepEqual(named({ redis }, {}, members('redis'), members('neo4j')), [
    ['members of redis: different nodes', 'spread.differentNodes: false of StatefulSet caches/redis-master'],
  ]);
  assert.deepEqual(named({ redis }, { spread: { disruptionBudget: false } }, members('redis')), []);
  assert.deepEqual(named({ redis }, {}), [], 'they would not be looked at');
});

test('should find what judges let off: without it, each of them fails or knows less', () => {
  const probed = (container: string, liveness: string | null): Seen => [
    'container-probes',
    { workload: NAME, container, liveness, readiness: liveness, ports: 1 },
  ];
  const template: Seen = ['template', { workload: NAME, containers: ['api', 'proxy'], initContainers: [] }];
  const ports: Seen = ['service-ports', { workload: NAME, services: 0, undeclared: [] }];
  const check = 'topology/workloads/probes';
  const history = (more: Record<string, unknown>) =>
    invent({
      check,
      settings: workloads({ serves: true, ...more }),
      seen: [template, ports, probed('api', 'http'), probed('proxy', null)],
    });
  const exempted = history({ exempt: [{ checks: [check], containers: ['proxy'], reason: REASON }] });
  assert.deepEqual([judgeOf(check)?.([exempted]).verdict, exemptionsIn(exempted).length], ['pass', 1]);
  assert.deepEqual([judgeOf(check)?.([history({})]).verdict, exemptionsIn(history({})).length], ['fail', 0]);
});

const unmatched = (check: string, settings: Record<string, unknown>, ...seen: Seen[]): [string, string][] =>
  unmatchedIn(invent({ check, settings, seen })).map(({ subject, reason }) => [subject, reason]);

test('should name containers that are let off and not there, where their workload was looked at', () => {
  const resources = 'topology/workloads/resources';
  const line: Seen = ['container-resources', { workload: NAME, container: 'api' }];
  const gone = [[`container gone of ${NAME}`, REASON]];
  assert.deepEqual(unmatched(resources, exempt(resources, ['api', 'gone']), line), gone);
  assert.deepEqual(unmatched(resources, exempt('telemetry/**', ['gone']), line), [], 'of another check');
  assert.deepEqual(unmatched(resources, exempt('**'), line), [], 'it names none');
  assert.deepEqual(unmatched(resources, exempt('**', ['gone'])), [], 'the workload was not looked at');
  const refused: Seen = ['unavailable', { what: 'v1/Pod', reason: 'forbidden' }];
  assert.deepEqual(unmatched(resources, exempt('**', ['gone']), line, refused), []);
  const cut = invent({ check: resources, settings: exempt('**', ['gone']), seen: [line], cut: true });
  assert.deepEqual(unmatchedIn(cut), []);
  const logs = 'telemetry/logs/every-workload';
  const heard: Seen = ['recent', { workload: NAME, container: 'api', lines: 3 }];
  assert.deepEqual(unmatched(logs, exempt(logs, ['api', 'gone']), heard), gone);
  const unread: Seen = ['disk-unread', { workload: NAME }];
  assert.deepEqual(unmatched(logs, exempt(logs, ['gone']), heard, unread), []);
});

test('should name entries of closed namespaces by which nothing was let off', () => {
  const owner = (kindName: string, name: string, namespace = 'tender'): Seen => [
    'owner',
    { kindName, namespace, name, pods: 1 },
  ];
  const ignore = ['Deployment a*', 'Job report-*', 'Deployment api'].map((entry) => {
    const [kind, name] = entry.split(' ');
    return { kind, name, reason: REASON };
  });
  const of = (namespaces: string[], ...more: Seen[]): string[] =>
    unmatched(
      'topology/workloads/declared',
      { ...workloads({}), closed: { namespaces, ignore } },
      owner('Deployment', 'api'),
      owner('Deployment', 'agent'),
      owner('Job', 'report-1', 'other'),
      ...more,
    ).map(([subject]) => subject);
  const owners: Seen = ['owners', { found: 3 }];
  assert.deepEqual(of(['tender'], owners), ['Job report-*', 'Deployment api']);
  assert.deepEqual(of(['tender', 'other'], owners), ['Deployment api'], 'api is declared');
  assert.deepEqual(of(['tender']), [], 'not all was listed');
  assert.deepEqual(of([], owners), [], 'nothing is closed');
});

test('should name overrides that no server has, where the store was asked for its settings', () => {
  const durabilityOverrides = [
    { role: 'batch', reason: REASON },
    { role: 'gone', database: 'tender', reason: REASON },
  ];
  const stores = { postgres: { members: 3, durability: { fsync: 'on' }, durabilityOverrides } };
  const setting = (more: object): Seen => [
    'setting',
    { store: 'postgres', name: 'fsync', value: 'on', ...more },
  ];
  const check = 'topology/storage/durability';
  assert.deepEqual(unmatched(check, { stores }, setting({ override: { role: 'batch', database: null } })), [
    ['settings of postgres, role gone in database tender', REASON],
  ]);
  assert.equal(unmatched(check, { stores }, setting({})).length, 2);
  assert.deepEqual(unmatched(check, { stores }), []);
});

test('should tell node groups that were seen from those of which no node was there', () => {
  const others = ['b', 'c'].map((team) => ({ labels: { team, zone: 'z' }, reason: REASON }));
  const look = (team: string, nodes: number): Seen => [
    'nodes-of-others',
    { group: `team=${team}, zone=z`, nodes },
  ];
  const check = 'topology/nodes/pools';
  const of = (...seen: Seen[]): string[][] =>
    [found, unmatched].map((each) => each(check, { nodes: { others } }, ...seen).map(([subject]) => subject));
  const [b, c] = ['nodes with team=b, zone=z', 'nodes with team=c, zone=z'];
  assert.deepEqual(of(look('b', 2), look('c', 0)), [[b], [c]]);
  assert.deepEqual(of(look('b', 0), look('b', 1), look('c', 1)), [[b, c], []], 'it came later');
  assert.deepEqual(of(), [[b, c], []], 'no nodes were looked for');
});

test('should not call an entry unmatched that let something off in another check of the run', () => {
  const entry = (subject: string) => ({ what: 'container' as const, subject, reason: REASON });
  const checks = withoutMatched([
    fixtureCheck('topology/workloads/images', { exemptions: [entry('proxy')] }),
    fixtureCheck('topology/workloads/resources', { unmatchedExemptions: [entry('proxy'), entry('gone')] }),
    fixtureCheck('topology/workloads/probes', { unmatchedExemptions: [entry('proxy')] }),
  ]);
  assert.deepEqual(
    checks.map(({ unmatchedExemptions }) => unmatchedExemptions),
    [undefined, [entry('gone')], undefined],
  );
});
