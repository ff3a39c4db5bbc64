import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { clock, SETTINGS, START_MS, tOf } from '../../_testing/histories.ts';

const WORKLOADS = 'telemetry/logs/every-workload';
const POSTGRES = 'StatefulSet tender/postgres';
const QUIET = 'Deployment tender/quiet';
const exempt = [{ checks: ['telemetry/logs/*'], reason: 'it logs nothing unless it fails' }];

/** Containers of workloads, each with the lines that were looked for and found. */
function looked(
  of: Record<string, { lines: number; found: number; written?: string }[]>,
  more: Seen[] = [],
): Seen[] {
  const planned = Object.entries(of);
  return [
    ...planned.map(([workload, { length }]): Seen => [
      'logging-workload',
      { workload, pods: length, containers: length, elsewhere: 0 },
    ]),
    ['canary-node', { node: 'w1', pool: null, ready: true }],
    clock('w1', 0),
    ...planned.flatMap(([workload, containers]): Seen[] =>
      containers.map(({ lines, found, written = lines === 0 ? 'never' : 'lately' }, at): Seen => {
        const missing = found < lines ? 'no action' : null;
        const pod = `${workload.split('/')[1] ?? ''}-${at}`;
        const line = { workload, node: 'w1', pod, container: 'c', written, lines, found, missing };
        return ['recent', { t: tOf(START_MS) + 100, ...line }];
      }),
    ),
    ...more,
  ];
}

const workloads = (seen: Seen[], quiet: object = { exempt }, postgres: object = {}) => {
  const named = (kind: string, name: string, more: object = {}) => ({
    kind,
    namespace: 'tender',
    name,
    replicas: { min: 1, max: 1 },
    ...more,
  });
  const declared = [named('StatefulSet', 'postgres', postgres), named('Deployment', 'quiet', quiet)];
  return judge({
    check: WORKLOADS,
    seen,
    goals: { visibleSeconds: 30, missing: 0 },
    settings: { ...SETTINGS, workloads: declared },
  });
};

const ALL = { lines: 20, found: 20 };
const NONE = { lines: 0, found: 0 };

test('should name the pod and the node of a workload whose lines are missing', () => {
  const good = workloads(looked({ [POSTGRES]: [ALL, ALL, ALL], [QUIET]: [ALL] }));
  assert.equal(good.verdict, 'pass', good.reason);
  const bad = workloads(looked({ [POSTGRES]: [{ lines: 20, found: 14 }], [QUIET]: [ALL] }));
  assert.equal(bad.verdict, 'fail');
  assert.match(bad.reason, /missing 6 of postgres-0 on node w1/);
  const unread: Seen = [
    'disk-unread',
    { node: 'w1', pod: 'postgres-1', container: 'c', workload: POSTGRES, reason: 'forbidden' },
  ];
  const base = looked({ [POSTGRES]: [ALL], [QUIET]: [ALL] }, [unread]).map(([kind, fields = {}]): Seen =>
    kind === 'logging-workload' && fields['workload'] === POSTGRES
      ? [kind, { ...fields, pods: 2, containers: 2 }]
      : [kind, fields],
  );
  const partly = workloads(base);
  assert.equal(partly.verdict, 'inconclusive');
  assert.match(partly.reason, /the logs of 1 of its containers cannot be read: forbidden/);
});

test('should not know of a workload what could not be looked for of one of its pods, and judge the others', () => {
  const reason = 'no record has `message`';
  const unsearched: Seen = [
    'recent-unsearched',
    { node: 'w1', pod: 'quiet-0', container: 'c', workload: QUIET, reason },
  ];
  const of = (found: number): Seen[] => [
    ...looked({ [POSTGRES]: [{ lines: 20, found }], [QUIET]: [ALL] }).filter(
      ([kind, fields]) => kind !== 'recent' || fields?.['workload'] !== QUIET,
    ),
    unsearched,
  ];
  const open = workloads(of(20));
  assert.equal(open.verdict, 'inconclusive');
  assert.match(
    open.reason,
    /^could not be seen: Deployment tender\/quiet: .*the lines of 1 of its containers could not be looked for, such as those of quiet-0 on node w1: no record has `message`$/,
  );
  assert.equal(open.findingsTotal, 1);
  const lost = workloads(of(19));
  assert.equal(lost.verdict, 'fail');
  assert.match(lost.reason, /missing 1 of postgres-0 on node w1/);
});

test('false verdict 9: each declared workload is heard, or a reason is declared why it is silent', () => {
  const silent = looked({ [POSTGRES]: [ALL], [QUIET]: [NONE] });
  const said = workloads(silent);
  assert.equal(said.verdict, 'pass', said.reason);
  assert.match(
    said.seen,
    /expected to be silent: Deployment tender\/quiet \(it logs nothing unless it fails\)/,
  );
  const unsaid = workloads(silent, {});
  assert.equal(unsaid.verdict, 'inconclusive');
  assert.match(unsaid.reason, /Deployment tender\/quiet: .*none of its containers ever wrote a line/);
  const gone = workloads(looked({ [POSTGRES]: [ALL] }));
  assert.equal(gone.verdict, 'inconclusive');
  assert.match(gone.reason, /Deployment tender\/quiet: .*its pods were not listed/);
  const few = looked({ [POSTGRES]: [ALL, ALL], [QUIET]: [ALL] }).filter(
    ([, of]) => of?.['pod'] !== 'postgres-1',
  );
  assert.match(workloads(few).reason, /its 2 pods have 2 containers, but the logs of 1 were read/);
});

/** Two pods of PostgreSQL, each with a container `server` and one beside it. */
function beside(server: object, sidecar: object): Seen[] {
  const of = (pod: string, container: string, fields: object): Seen => [
    'recent',
    {
      t: tOf(START_MS) + 100,
      workload: POSTGRES,
      node: 'w1',
      pod,
      container,
      written: 'lately',
      missing: null,
      ...fields,
    },
  ];
  const pods = ['postgres-0', 'postgres-1'];
  const both = pods.flatMap((pod) => [of(pod, 'server', server), of(pod, 'proxy', sidecar)]);
  return [
    ...looked({ [POSTGRES]: [], [QUIET]: [ALL] }).map(([kind, fields = {}]): Seen =>
      fields['workload'] === POSTGRES ? [kind, { ...fields, pods: 2, containers: 4 }] : [kind, fields],
    ),
    ...both,
  ];
}

const NEVER = { ...NONE, written: 'never' };

test('false verdict 9: a sidecar does not speak for the container of the application', () => {
  const exempting = (containers: string[], seen: Seen[]) => {
    const ignored = { exempt: [{ checks: [WORKLOADS], containers, reason: 'it logs into a file' }] };
    return workloads(seen, {}, ignored);
  };
  const good = exempting([], beside(ALL, ALL));
  assert.equal(good.verdict, 'pass', good.reason);
  for (const [seen, container] of [
    [beside(NEVER, ALL), 'server'],
    [beside(ALL, NEVER), 'proxy'],
  ] as const) {
    const open = exempting([], seen);
    assert.equal(open.verdict, 'inconclusive');
    assert.match(
      open.reason,
      new RegExp(`StatefulSet tender/postgres: .*its container ${container} never wrote a line, and has no`),
    );
    const said = exempting([container], seen);
    assert.equal(said.verdict, 'pass', said.reason);
    assert.match(
      said.seen,
      new RegExp(`silent: container ${container} of StatefulSet tender/postgres \\(it logs into a file`),
    );
  }
  const lost = beside({ ...ALL, found: 3, missing: 'x' }, NEVER);
  assert.equal(exempting([], lost).verdict, 'fail');
  const inOne = beside(ALL, ALL).map(([kind, fields = {}]): Seen =>
    fields['pod'] === 'postgres-1' && fields['container'] === 'server'
      ? [kind, { ...fields, ...NEVER }]
      : [kind, fields],
  );
  assert.equal(exempting([], inOne).verdict, 'pass', 'it was heard in the other pod');
  const all = beside(NEVER, NEVER);
  assert.equal(exempting(['server'], all).verdict, 'inconclusive');
  assert.equal(exempting(['server', 'proxy'], all).verdict, 'pass');
});

test('false verdict 9: pods that are declared and not listed are unknown, and those on nodes of others are said', () => {
  const replicas = { replicas: { min: 3, max: 5 } };
  const of = (elsewhere: number): Seen[] =>
    looked({ [POSTGRES]: [ALL, ALL], [QUIET]: [ALL] }).map(([kind, fields = {}]): Seen =>
      kind === 'logging-workload' && fields['workload'] === POSTGRES
        ? [kind, { ...fields, elsewhere }]
        : [kind, fields],
    );
  const few = workloads(of(0), {}, replicas);
  assert.equal(few.verdict, 'inconclusive');
  assert.match(few.reason, /it has 2 of the 3 pods that it is declared to have at least/);
  const there = workloads(of(1), {}, replicas);
  assert.equal(there.verdict, 'pass', there.reason);
  assert.match(
    there.seen,
    /not looked at, on nodes that topology\.nodes leaves out: pods of StatefulSet tender\/postgres/,
  );
  const none = workloads(
    of(3).map(([kind, fields = {}]): Seen =>
      fields['elsewhere'] === 3 ? [kind, { ...fields, pods: 0, containers: 0 }] : [kind, fields],
    ),
    {},
    replicas,
  );
  assert.match(none.reason, /each of its pods is on a node that is left out/);
});

test('false verdict 9: earlier lines tell of a workload that was quiet lately, and those that are gone decide nothing', () => {
  const earlier = (found: number) =>
    workloads(looked({ [POSTGRES]: [ALL], [QUIET]: [{ lines: 3, found, written: 'earlier' }] }), {});
  const found = earlier(3);
  assert.equal(found.verdict, 'pass', found.reason);
  assert.match(found.seen, /nothing was logged lately by Deployment tender\/quiet: older lines/);
  assert.equal(earlier(2).verdict, 'inconclusive');
  assert.match(earlier(2).reason, /older than what the store must keep/);
});

test('false verdict 21: what is on a node whose clock nobody knows is not known', () => {
  const seen = looked({ [POSTGRES]: [ALL], [QUIET]: [ALL] }).filter(([kind]) => kind !== 'clock-offset');
  const found = workloads([...seen, ['clock-unread', { source: 'w1', reason: 'forbidden' }]]);
  assert.equal(found.verdict, 'inconclusive');
  assert.match(found.reason, /clock of w1: expected a measured offset, seen forbidden/);
  const open = (found.rules ?? []).filter(({ verdict }) => verdict !== 'pass');
  assert.deepEqual(
    open.map(({ id }) => id),
    ['clocks', 'evidence/clock-offset'],
  );
});
