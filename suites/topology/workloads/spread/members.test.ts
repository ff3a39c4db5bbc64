/** Members of a store of which no workload has two: where they run is seen of their pods. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { invent } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { judgeOf } from '../../../_testing/judges.ts';
import { judgedOver } from '../../_testing/observing.ts';

const namespace = 'databases';
const labels = { 'cnpg.io/cluster': 'orders' };
const BY_LABELS = { members: 3, pods: { namespace, labels } };
const BY_SETS = {
  members: 3,
  statefulSets: {
    namespace,
    sets: ['server-1', 'server-2', 'server-3'].map((name) => ({ name, members: 1 })),
  },
};

interface Placed {
  name: string;
  node?: string;
  /** It is being deleted. */
  ends?: true;
}

const podOf = ({
  name,
  node,
  ends,
}: Placed): { apiVersion: string; kind: string; [field: string]: unknown } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name,
    labels,
    ownerReferences: [{ kind: 'StatefulSet', name: name.replace(/-\d+$/, ''), controller: true }],
    ...(ends === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  spec: { containers: [], ...(node !== undefined && { nodeName: node }) },
  status: { phase: 'Running' },
});

interface Store {
  store: object;
  pods: readonly Placed[];
  workloads?: readonly object[];
}

const over = ({ store, pods, workloads = [] }: Store): Promise<Judgement> =>
  judgedOver('topology/workloads/spread', {
    settings: { stores: { neo4j: store }, workloads },
    objects: pods.map(podOf),
  });

const on = (...nodes: (string | undefined)[]): Placed[] =>
  nodes.map((node, at) => ({ name: `server-${at + 1}-0`, ...(node !== undefined && { node }) }));

for (const [what, store] of [
  ['chosen by labels', BY_LABELS],
  ['of a StatefulSet each', BY_SETS],
] as const) {
  test(`should want members ${what} on different nodes`, async () => {
    const apart = await over({ store, pods: on('a', 'b', 'c') });
    assert.equal(apart.verdict, 'pass', apart.reason);
    const together = await over({ store, pods: on('a', 'a', 'b') });
    assert.equal(together.verdict, 'fail');
    assert.match(
      together.reason,
      /placement of members of neo4j: expected 3 different nodes, seen server-1-0 on a, server-2-0 on a, server-3-0 on b/,
    );
  });

  test(`should leave members ${what} that are not there to the check of roles, but for all of them`, async () => {
    assert.equal((await over({ store, pods: on('a', 'b', undefined) })).verdict, 'pass');
    assert.equal((await over({ store, pods: on('a') })).verdict, 'fail', 'one alone is on one node');
    const none = await over({ store, pods: [] });
    assert.equal(none.verdict, 'fail');
    assert.match(none.reason, /members of neo4j: expected pods on nodes, seen not there/);
  });

  test(`should not count one of members ${what} that is being deleted`, async () => {
    const ending = { name: 'server-4-0', node: 'a', ends: true } as const;
    assert.equal((await over({ store, pods: [...on('a', 'b', 'c'), ending] })).verdict, 'pass');
  });
}

test('should leave to workloads what two members of one are judged by, and what may share nodes', async () => {
  const sets = [{ name: 'masters', members: 3 }];
  const one = { members: 3, statefulSets: { namespace, sets } };
  assert.equal((await over({ store: one, pods: on('a', 'a', 'a') })).verdict, 'inconclusive');
  const sharing = {
    kind: 'StatefulSet',
    namespace,
    name: 'server-1',
    store: 'neo4j',
    serves: true,
    replicas: { min: 1, max: 1 },
    spread: { differentNodes: false },
  };
  const shared = await over({ store: BY_SETS, pods: on('a', 'a', 'a'), workloads: [sharing] });
  assert.equal(shared.verdict, 'inconclusive', 'there is nothing to judge');
});

/** A master in a set of its own, and replicas in another. */
const BESIDE = {
  members: 4,
  statefulSets: {
    namespace,
    sets: [
      { name: 'master', members: 1 },
      { name: 'replicas', members: 3 },
    ],
  },
};
const beside = (...nodes: string[]): Placed[] =>
  nodes.map((node, at) => ({ name: at === 0 ? 'master-0' : `replicas-${at - 1}`, node }));

test('should want the only member of a StatefulSet on another node than all of the other sets', async () => {
  const apart = await over({ store: BESIDE, pods: beside('a', 'b', 'c', 'd') });
  assert.equal(apart.verdict, 'pass', apart.reason);
  assert.doesNotMatch(apart.seen, /shares/);
  const together = await over({ store: BESIDE, pods: beside('a', 'a', 'a') });
  assert.equal(together.verdict, 'fail');
  assert.match(
    together.reason,
    /placement of members of neo4j: expected another member on another node than master-0, seen master-0 on a, replicas-0 on a, replicas-1 on a/,
  );
  const others = await over({ store: BESIDE, pods: beside('a', 'b', 'b', 'b') });
  assert.equal(others.verdict, 'pass', 'how the replicas are spread is judged of their own workload');
  const gone = await over({ store: BESIDE, pods: beside('a', 'b', 'c', 'd').slice(1) });
  assert.equal(gone.verdict, 'fail');
  assert.match(gone.reason, /members of neo4j: expected the pod of master on a node, seen not there/);
});

test('should know the pods of a StatefulSet whose first has another number than 0', async () => {
  const renamed = (pods: readonly Placed[]): Placed[] =>
    pods.map((pod) => ({ ...pod, name: pod.name.replace(/-0$/, '-7') }));
  const alone = await over({ store: BESIDE, pods: renamed(beside('a', 'b', 'c', 'd')) });
  assert.equal(alone.verdict, 'pass', alone.reason);
  const together = await over({ store: BESIDE, pods: renamed(beside('a', 'a', 'a')) });
  assert.match(together.reason, /expected another member on another node than master-7, seen master-7 on a/);
  const apart = await over({ store: BY_SETS, pods: renamed(on('a', 'b', 'c')) });
  assert.equal(apart.verdict, 'pass', apart.reason);
});

test('should let the only member of a StatefulSet share a node where the others need all that were seen, and say so', async () => {
  const { verdict, reason, seen } = await over({ store: BESIDE, pods: beside('a', 'b', 'a', 'c') });
  assert.equal(verdict, 'pass', reason);
  assert.match(
    seen,
    /; master-0 shares a with replicas-1: which node it could have to itself is not recorded/,
  );
});

test('should let a single member share a node where a workload of its store may', async () => {
  const sharing = {
    kind: 'StatefulSet',
    namespace,
    name: 'master',
    store: 'neo4j',
    serves: true,
    replicas: { min: 1, max: 1 },
    spread: { differentNodes: false },
  };
  const pods = beside('a', 'a', 'b', 'c');
  const { verdict } = await over({ store: BESIDE, pods, workloads: [sharing] });
  assert.equal(verdict, 'inconclusive', 'there is nothing to judge');
  const kinds = {
    members: 4,
    statefulSets: { namespace, sets: BESIDE.statefulSets.sets.map(({ name }) => ({ name, members: 2 })) },
  };
  assert.equal(
    (await over({ store: kinds, pods })).verdict,
    'inconclusive',
    'two kinds of nodes of two each',
  );
});

test('should miss the members of a store, and not know those that were recorded twice', () => {
  const judged = (...seen: Seen[]): Judgement | undefined =>
    judgeOf('topology/workloads/spread')?.([
      invent({
        check: 'topology/workloads/spread',
        seen,
        goals: {},
        settings: { stores: { neo4j: BY_LABELS }, workloads: [] },
      }),
    ]);
  const pods = [
    { name: 'x', node: 'a' },
    { name: 'y', node: 'b' },
  ];
  const placed = (store: string): Seen => ['members-placed', { store, pods }];
  assert.equal(judged(placed('neo4j'))?.verdict, 'pass');
  assert.equal(judged(placed('neo4j'), placed('neo4j'))?.verdict, 'inconclusive', 'twice');
  assert.equal(judged(placed('redis'))?.verdict, 'fail');
});
