import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../catalogue/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { linesOn, nameOf } from './lines.ts';

test('no two checks call their writers the same: they may run at the same time', () => {
  const names = catalogue()
    .filter(({ id }) => id.startsWith('telemetry/'))
    .map(nameOf);
  assert.equal(new Set(names).size, names.length);
  assert.equal(nameOf({ id: 'telemetry/logs/canary' }), 'lines-logs-canary');
  for (const name of names) assert.match(name, /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
});

/** What is recorded, and the writers, where these nodes are listed. */
async function writersOn(nodes: object[], fields: object = {}) {
  const seen: [string, unknown][] = [];
  const unavailable: string[] = [];
  const topology = {
    pools: [],
    nodes: { others: [{ labels: { team: 'x' }, reason: 'r' }], passingTaints: ['karpenter.sh/*'] },
  };
  const context = {
    id: 'telemetry/logs/canary',
    settings: {
      telemetry: { logs: { kind: 'loki', fields } },
      topology,
      namespaces: { canary: 'c' },
      network: { probeImage: 'i' },
    },
    step: (_title: string, body: () => unknown) => body(),
    cluster: { items: () => Promise.resolve(nodes) },
    record: (kind: string, fields: unknown) => seen.push([kind, fields]),
    unavailable: (what: string) => unavailable.push(what),
  };
  const order = { run: 'r', count: 1, perSecond: 1 };
  return { writers: await linesOn(context as unknown as CheckContext, order), seen, unavailable };
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
