import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../catalogue/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { clocked, lastStartMs, linesOn, nameOf, startLines } from './lines.ts';

test('no two checks call their writers the same: they may run at the same time', () => {
  const names = catalogue()
    .filter(({ id }) => id.startsWith('telemetry/'))
    .map(nameOf);
  assert.equal(new Set(names).size, names.length);
  assert.equal(nameOf({ id: 'telemetry/logs/canary' }), 'lines-logs-canary');
  for (const name of names) assert.match(name, /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
});

/** What is recorded, and the writers, where these nodes are listed. */
async function writersOn(
  nodes: object[],
  fields: object = {},
  { count = 1, requestLines = 0, first = null as string[] | null } = {},
) {
  const seen: [string, unknown][] = [];
  const unavailable: string[] = [];
  const topology = {
    pools: [],
    nodes: { others: [{ labels: { team: 'x' }, reason: 'r' }], passingTaints: ['karpenter.sh/*'] },
  };
  const context = {
    id: 'telemetry/logs/canary',
    settings: {
      telemetry: { logs: { kind: 'elasticsearch', fields } },
      topology,
      namespaces: { canary: 'c' },
      network: { probeImage: 'i' },
    },
    step: (_title: string, body: () => unknown) => body(),
    cluster: { items: () => Promise.resolve(nodes) },
    record: (kind: string, fields: unknown) => seen.push([kind, fields]),
    unavailable: (what: string) => unavailable.push(what),
  };
  const order = { run: 'r', count, perSecond: 1, requestLines };
  const nodesFirst = () => (first === null ? Promise.reject(new Error('asked')) : Promise.resolve(first));
  const writers = await linesOn(context as unknown as CheckContext, order, nodesFirst);
  return { writers, seen, unavailable };
}

const listed = (name: string, labels: object, ...keys: string[]): object => ({
  metadata: { name, labels },
  spec: { taints: keys.map((key) => ({ key, effect: 'NoSchedule' })) },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});

test('should write on the nodes by their names, but not on those of others or that come and go', async () => {
  const own = listed('ip-10-0-0-1', { 'kubernetes.io/hostname': 'other-name' });
  const { writers, seen } = await writersOn([
    own,
    listed('theirs', { team: 'x' }),
    listed('comes', {}, 'karpenter.sh/x'),
  ]);
  assert.deepEqual(writers?.nodes, ['ip-10-0-0-1']);
  const [pods] = writers.objects;
  assert.match(JSON.stringify(pods), /"linkerd\.io\/inject":"disabled"/, 'a mesh puts no proxy beside it');
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['ip-10-0-0-1'] }] };
  assert.ok(JSON.stringify(pods).includes(`"nodeSelectorTerms":[${JSON.stringify(term)}]`));
  assert.deepEqual(seen, [
    ['nodes-of-others', { group: 'team=x', nodes: 1 }],
    ['node-passing', { node: 'comes', taints: ['karpenter.sh/x'] }],
    ['canary-node', { node: 'ip-10-0-0-1', pool: null, ready: true }],
  ]);
});

test('should write on a sample of many nodes, so that all lines can be found, even those of one node twice', async () => {
  const many = Array.from({ length: 134 }, (_, index) => listed(`w${index}`, {}));
  const sizeFor = async (count: number, requestLines = 0): Promise<number> => {
    const { writers, seen } = await writersOn(many, {}, { count, requestLines, first: [] });
    const chosen = writers?.nodes ?? [];
    const leftOut = seen.flatMap(([kind, fields]) => {
      const { node = '', leftOut: isOut } = fields as { node?: string; leftOut?: boolean };
      return kind === 'canary-node' && isOut === true ? [node] : [];
    });
    assert.equal(chosen.length + leftOut.length, 134);
    assert.ok(chosen.every((node) => !leftOut.includes(node)));
    const pods = JSON.stringify(writers?.objects);
    assert.ok(chosen.every((node) => pods.includes(`"values":["${node}"]`)));
    assert.ok(leftOut.every((node) => !pods.includes(`"${node}"`)));
    return chosen.length;
  };
  assert.equal(await sizeFor(750), 132);
  assert.equal(await sizeFor(4000), 24);
  assert.equal(await sizeFor(200), 134, 'all of them');
  assert.equal(await sizeFor(18_000), 4);
  assert.equal(await sizeFor(18_000, 40_000), 2, 'lines of requests come beside them');
  assert.equal(await sizeFor(18_000, 108_000), 1);
  assert.equal(await sizeFor(0), 134, 'no line is written: only the clocks are read');
});

test('should write on all nodes of a small cluster as long as a search finds their lines, and ask for none to come first', async () => {
  const five = Array.from({ length: 5 }, (_, index) => listed(`w${index}`, {}));
  const { writers, seen } = await writersOn(five, {}, { count: 16_000, requestLines: 4_000 });
  assert.equal(writers?.nodes.length, 5);
  assert.ok(seen.every(([, fields]) => !('leftOut' in (fields as object))));
});

test('should write on the nodes that come first where it is a sample', async () => {
  const many = Array.from({ length: 134 }, (_, index) => listed(`w${index}`, {}));
  const first = ['w133', 'w7', 'w70'];
  const { writers } = await writersOn(many, {}, { count: 18_000, first });
  assert.equal(writers?.nodes.length, 4);
  assert.ok(first.every((node) => writers.nodes.includes(node)));
});

test('should take a clock that was not measured to be as far off as is said', () => {
  const pods = ['w1', 'w2'].map((node) => ({ node, namespace: 'n', pod: 'p', container: 'c', restarts: 0 }));
  const clocks = new Map([['w1', { offsetMs: 5, errorMs: 2 }]]);
  const errors = (errorMs?: number) => clocked(pods, clocks, errorMs).map(({ clock }) => clock.errorMs);
  assert.deepEqual(errors(900_000), [2, 900_000]);
  assert.deepEqual(errors(), [2, 60_000]);
});

test('should make no writers where there is no node to write on, and say so', async () => {
  const { writers, unavailable } = await writersOn([listed('theirs', { team: 'x' })]);
  assert.equal(writers, null);
  assert.deepEqual(unavailable, ['a node to write on']);
});

test('should write lines with the keys of the services, by which they are found again', async () => {
  const declared = {
    correlationId: { line: 'request.id' },
    number: { line: 'seq' },
    service: { line: 'app' },
  };
  const { writers } = await writersOn([listed('w1', {})], declared);
  const script = JSON.stringify(writers?.objects);
  for (const key of ['request.id', 'seq', 'app']) assert.ok(script.includes(`\\\\\\"${key}\\\\\\":`), key);
  assert.ok(!script.includes('mark'));
});

/** Writers on w1 and w2 that are not ready in time; pods are on these nodes, or are to be placed on those, and once one was refused. */
function refused(on: readonly string[], toBeOn: readonly string[] = []) {
  const recorded: [string, unknown][] = [];
  const unavailable: string[] = [];
  const metadata = { name: 'lines-logs-canary', namespace: 'c', uid: 'u' };
  const refusal = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'DaemonSet', name: metadata.name, uid: 'u' },
    reason: 'FailedCreate',
    message: 'denied by policy',
    lastTimestamp: '2026-12-01T00:00:00Z',
  };
  const context = {
    id: 'telemetry/logs/canary',
    trial: 1,
    settings: { namespaces: { canary: 'c' } },
    signal: new AbortController().signal,
    timeoutMs: () => 20,
    step: (_title: string, body: () => unknown) => body(),
    runner: { call: () => Promise.resolve([]) },
    record: (kind: string, fields: unknown) => recorded.push([kind, fields]),
    unavailable: (_what: string, reason: string) => unavailable.push(reason),
    cluster: {
      apply: () => Promise.resolve(),
      wait: () => Promise.reject(new Error('waited 20 ms; last seen: none')),
      items: () => {
        const placed = on.map((nodeName) => ({ nodeName }));
        const specs = [...placed, ...toBeOn.map((desiredNode) => ({ desiredNode }))];
        return Promise.resolve(specs.map((spec) => ({ metadata, spec, status: { phase: 'Pending' } })));
      },
      list: ({ kind }: { kind: string }) =>
        Promise.resolve({ items: kind === 'v1/Event' ? [refusal] : [{ metadata }] }),
    },
  };
  const set = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata };
  const order = { run: 'r', count: 1, perSecond: 1 };
  const writers = { order, nodes: ['w1', 'w2'], objects: [set] };
  return { ctx: context as unknown as CheckContext, writers, recorded, unavailable };
}

test('should quote why the writers are refused', async () => {
  const { ctx, writers, recorded, unavailable } = refused(['w1']);
  const reason = 'the pods of DaemonSet c/lines-logs-canary are refused: denied by policy';
  await startLines(ctx, writers);
  assert.deepEqual(recorded, [['no-writer', { node: 'w2', reason }]]);
  await lastStartMs(ctx, writers);
  assert.deepEqual(unavailable, [reason]);
});

test('should not quote an old refusal where each node has a pod', async () => {
  const { ctx, writers, unavailable } = refused(['w1', 'w2']);
  await lastStartMs(ctx, writers);
  assert.deepEqual(unavailable, ['waited 20 ms; last seen: none']);
});

test('should not take a writer that is still to be placed for one that is refused', async () => {
  const reason = 'waited 20 ms; last seen: none';
  const { ctx, writers, recorded, unavailable } = refused(['w1'], ['w2']);
  await startLines(ctx, writers);
  assert.deepEqual(recorded, [['no-writer', { node: 'w2', reason }]]);
  await lastStartMs(ctx, writers);
  assert.deepEqual(unavailable, [reason]);
  const other = refused([], ['w2']);
  await startLines(other.ctx, other.writers);
  assert.deepEqual(other.recorded, [
    [
      'no-writer',
      { node: 'w1', reason: 'the pods of DaemonSet c/lines-logs-canary are refused: denied by policy' },
    ],
    ['no-writer', { node: 'w2', reason }],
  ]);
});
