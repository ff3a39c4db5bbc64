import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { summaryOf } from './drain.ts';
import { errorClass, isDefiniteFailure, DEFINITE_FAILURE_NAMES } from './errors.ts';
import { Link } from './link.ts';
import { leaderNodeOf, Management, memberOfNode, podOfNode } from './management.ts';
import type { RabbitQueue } from './management.ts';
import { optionsOf, recordQueue, runBefore } from './options.ts';
import { declarationOf } from './session.ts';
import { kindOf, problemsOfQueues, unreportedIn } from './queues.ts';
import { Tally } from './reader.ts';
import { expectedWindow, kindsOf } from './settings.ts';
import { droppedBy, quorumQueues, steady, trouble, virtualHosts } from './state.ts';
import { transferExpression } from './switchover.ts';
import type { Steadiness, StoreTarget } from '../store/store-driver.ts';

const coded = (code: number | string, message: string): Error => Object.assign(new Error(message), { code });
const connection = { host: '127.0.0.1', port: 1, database: '', user: 'u', password: 'p' };
const members = ['rabbitmq-0', 'rabbitmq-1', 'rabbitmq-10'].map((name, i) => ({
  name,
  address: `198.18.64.${i + 1}`,
}));
const queue = (over: Partial<RabbitQueue>): RabbitQueue => ({
  name: 'q',
  vhost: '/',
  type: 'quorum',
  durable: true,
  exclusive: false,
  members: [],
  online: [],
  state: 'running',
  ...over,
});

describe('what proves that a message is in no queue', () => {
  it('should be a refusal before routing, and nothing else', () => {
    assert.ok(isDefiniteFailure(coded(403, 'ACCESS_REFUSED')));
    assert.ok(isDefiniteFailure(coded(404, 'NOT_FOUND')));
    // A nack, an internal error, a forced end of the connection and a reset come after the message may have been stored.
    for (const error of [
      new Error('message nacked'),
      coded(541, 'INTERNAL_ERROR'),
      coded(320, 'CONNECTION_FORCED'),
      coded('ECONNRESET', 'read ECONNRESET'),
      new Error('channel closed'),
    ])
      assert.ok(!isDefiniteFailure(error), error.message);
    assert.ok(DEFINITE_FAILURE_NAMES.some((name) => name.startsWith('returned')));
  });

  it('should be told in a few words', () => {
    assert.equal(errorClass(new Error('message nacked')), 'nack');
    assert.equal(errorClass(coded('ECONNREFUSED', 'connect ECONNREFUSED')), 'ECONNREFUSED');
    assert.match(errorClass(coded(403, `ACCESS_REFUSED ${'x'.repeat(200)}`)), /^403 ACCESS_REFUSED x{1,60}$/);
  });
});

describe('the consumer beside the writes', () => {
  it('should not call a redelivery a duplicate', () => {
    const tally = new Tally();
    tally.add(1, 'a', false);
    tally.add(1, 'a', true);
    assert.deepEqual(tally.counts, { delivered: 2, redelivered: 1, duplicates: 0, outOfOrder: 0 });
  });

  it('should count what comes twice without the flag, and what one publisher sent sooner and comes later', () => {
    const tally = new Tally();
    for (const [marker, publisher] of [
      [2, 'a'],
      [1, 'b'], // another publisher: no order is promised between the two
      [4, 'a'],
      [3, 'a'],
      [4, 'a'],
    ] as const)
      tally.add(marker, publisher, false);
    assert.deepEqual(tally.counts, { delivered: 5, redelivered: 0, duplicates: 1, outOfOrder: 1 });
  });
});

describe('members, leaders and queues', () => {
  it('should find the pod of a node by its name, its full name or its address, and no other', () => {
    const named = (node: string): string | undefined => memberOfNode(node, members)?.name;
    assert.equal(named('rabbit@rabbitmq-1.rabbitmq-members.tender.svc.cluster.local'), 'rabbitmq-1');
    assert.equal(named('rabbit@rabbitmq-10.x'), 'rabbitmq-10');
    assert.equal(named('rabbit@198.18.64.1'), 'rabbitmq-0');
    assert.equal(named('rabbit@rabbitmq-2.x'), undefined);
    // A pod that was deleted is no member for a moment, and led all the same.
    assert.equal(podOfNode('rabbit@rabbitmq-2.rabbitmq-members.x', members), 'rabbitmq-2');
    assert.equal(podOfNode('rabbit@198.18.64.9', members), 'rabbit@198.18.64.9');
  });

  it('should take the leader of a quorum queue and the node of a classic one', () => {
    assert.equal(leaderNodeOf(queue({ leader: 'rabbit@a' })), 'rabbit@a');
    assert.equal(leaderNodeOf(queue({ leader: '' })), null);
    assert.equal(leaderNodeOf(queue({ type: 'classic', node: 'rabbit@b' })), 'rabbit@b');
  });

  it('should say what is wrong with a member', () => {
    const node = { name: 'n', running: true, mem_alarm: false, disk_free_alarm: false, partitions: [] };
    assert.equal(trouble({ ...node, being_drained: false }), null);
    assert.equal(trouble({ ...node, being_drained: true }), 'in maintenance');
    assert.equal(trouble({ ...node, being_drained: false, mem_alarm: true }), 'memory alarm');
    assert.match(trouble({ ...node, being_drained: false, partitions: ['x'] }) ?? '', /partitioned from x/);
  });

  it('should name a queue after its run, within what AMQP allows', () => {
    assert.equal(recordQueue('run/1'), 'plumbline.run/1');
    assert.throws(() => recordQueue('x'.repeat(250)), /260 bytes, AMQP allows 255/);
  });

  it('should know the trial before, of a series only', () => {
    assert.equal(
      runBefore('20261125T0-local/histories/failover/rabbitmq/pod-crash/12'),
      '20261125T0-local/histories/failover/rabbitmq/pod-crash/11',
    );
    assert.equal(runBefore('run/1'), null);
    assert.equal(runBefore('run'), null);
    assert.equal(runBefore('run-2'), null);
  });

  it('should declare a durable quorum queue unless it is told otherwise', () => {
    assert.deepEqual(optionsOf(connection).queue, { type: 'quorum', durable: true });
    assert.equal(optionsOf({ ...connection, declared: { vhost: 'canary' } }).vhost, 'canary');
  });

  it('should give names to Erlang as bytes and refuse what is not the name of a node', () => {
    const order = transferExpression({ vhost: '/', name: 'a"b' }, 'rabbit@host-1.x');
    assert.match(order, /r\(<<47>>, queue, <<97,34,98>>\)/);
    assert.match(order, /transfer_leadership\(Q, 'rabbit@host-1\.x'\)\.$/);
    assert.throws(
      () => transferExpression({ vhost: '/', name: 'q' }, "x'), halt()."),
      /not the name of a node/,
    );
  });
});

describe('the types of queues', () => {
  const NODES = ['rabbit@a', 'rabbit@b', 'rabbit@c'];
  const whole = (over: Partial<RabbitQueue>): RabbitQueue =>
    queue({ leader: 'rabbit@a', members: NODES, online: NODES, ...over });

  it('should take the leader of a stream as that of a quorum queue', () => {
    assert.equal(leaderNodeOf(queue({ type: 'stream', leader: 'rabbit@a', node: 'rabbit@b' })), 'rabbit@a');
    assert.equal(leaderNodeOf(queue({ type: 'stream', node: 'rabbit@b' })), 'rabbit@b');
    assert.equal(leaderNodeOf(queue({ type: 'stream', leader: '', node: 'rabbit@b' })), null);
    assert.equal(leaderNodeOf(queue({ type: 'stream' })), null);
  });

  it('should say of a replicated queue that it has too few members, and of a classic one only its type', () => {
    assert.equal(kindOf(whole({}), 3), 'quorum');
    assert.equal(kindOf(whole({ type: 'stream' }), 3), 'stream');
    assert.equal(kindOf(whole({ members: ['rabbit@a'] }), 2), 'quorum, 1 member');
    assert.equal(kindOf(whole({ type: 'stream', members: NODES.slice(1) }), 3), 'stream, 2 members');
    assert.equal(kindOf(queue({ type: 'classic' }), 3), 'classic');
  });

  it('should report each type with the queues that are of it', () => {
    const named = (name: string, type: string): RabbitQueue => whole({ name, type, vhost: 'tender' });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const kinds = kindsOf([...names.map((name) => named(name, 'quorum')), named('log', 'stream')], 3);
    assert.deepEqual(
      kinds.filter(({ name }) => name === 'queue type').map(({ value, source }) => `${value}: ${source}`),
      [
        'quorum: queue a in tender, b in tender, c in tender, d in tender, e in tender, and 1 more',
        'stream: queue log in tender',
      ],
    );
  });

  it('should count and name queues without a leader, and those with members offline', () => {
    const queues = [
      whole({ name: 'good' }),
      whole({ name: 'lost', leader: '', online: NODES.slice(2) }),
      whole({ name: 'log', type: 'stream', leader: null }),
      whole({ name: 'short', online: NODES.slice(1) }),
      whole({ name: 'gone', type: 'stream', online: NODES.slice(1) }),
      queue({ name: 'new', type: 'stream', node: 'rabbit@a' }),
      queue({ name: 'old', type: 'classic' }),
    ];
    assert.deepEqual(
      problemsOfQueues(queues, () => null),
      [
        '3 of 6 quorum queues and streams without a leader: lost in /, log in /, gone in /',
        '1 of 6 quorum queues and streams with members offline: short in / (2 of 3)',
      ],
    );
    assert.deepEqual(unreportedIn(queues), [
      '1 of 6 quorum queues and streams whose members the management API does not report: new in /',
    ]);
    assert.deepEqual(
      problemsOfQueues([whole({})], () => 3),
      [],
    );
    assert.match(problemsOfQueues([whole({})], () => 5).join(), /with members offline: q in \/ \(3 of 5\)/);
  });

  it('should not know whether a stream is whole whose members are not reported', () => {
    const declared = { durability: { 'queue type': ['quorum', 'stream'] } };
    const conditionOf = (queues: RabbitQueue[]) =>
      quorumQueues({ connection: { ...connection, declared } }, queues, 3);
    const unreported = queue({ name: 'new', type: 'stream', node: 'rabbit@a' });
    const short = whole({ name: 'short', online: NODES.slice(1) });
    assert.equal(conditionOf([whole({})]).ok, true);
    const unknown = conditionOf([whole({}), unreported]);
    assert.equal(unknown.ok, null);
    assert.match(unknown.seen, /^1 of 2 .* does not report: new in \/$/);
    const wrong = conditionOf([short, unreported]);
    assert.equal(wrong.ok, false);
    assert.match(wrong.seen, /with members offline: short in \/ \(2 of 3\); .* does not report: new/);
    assert.equal(conditionOf([]).ok, null);
    assert.deepEqual(
      problemsOfQueues([whole({}), unreported], () => 3),
      [],
    );
  });
});

describe('reading back', () => {
  it('should tell ranges of numbers and what several messages carry', () => {
    const counts = new Map([
      [3, 1],
      [1, 1],
      [2, 2],
      [7, 1],
    ]);
    assert.deepEqual(summaryOf(counts), {
      present: [
        [1, 3],
        [7, 7],
      ],
      duplicates: [[2, 2]],
    });
    assert.deepEqual(summaryOf(new Map()), { present: [], duplicates: [] });
  });
});

describe('the expected window', () => {
  const governing = [{ name: 'net_ticktime', value: '20', source: 'test' }];
  it('should follow from net_ticktime where the leader falls silent, and not where its connections end', () => {
    for (const fault of ['hang', 'node-loss', 'partition']) {
      const window = expectedWindow(fault, governing) ?? assert.fail(fault);
      assert.deepEqual([window.loMs, window.hiMs], [15_000, 30_000]);
    }
    for (const fault of ['pod-crash', 'pod-delete', 'switchover'])
      assert.ok((expectedWindow(fault, governing)?.hiMs ?? Infinity) <= 7000, fault);
    assert.equal(expectedWindow('hang', []), null);
    assert.equal(expectedWindow('meteor', governing), null);
  });
});

describe('a connection', () => {
  async function mute(): Promise<{ port: number; close(): void }> {
    const held: Socket[] = [];
    const server = createServer((socket) => held.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = (): void => {
      for (const socket of held) socket.destroy();
      server.close();
    };
    return { port: (server.address() as AddressInfo).port, close };
  }

  it('should end at once, also in the middle of a handshake that the server never answers', async () => {
    const server = await mute();
    const link = new Link({ ...connection, port: server.port }, 'test');
    const opening = link.open(1000);
    setTimeout(() => link.destroy(), 50);
    const began = performance.now();
    await assert.rejects(opening, /ended by the client|closed/);
    assert.ok(performance.now() - began < 500);
    assert.equal(link.usable(), false);
    server.close();
  });

  it('should say that nothing listens with the code of the system', async () => {
    const server = await mute();
    server.close();
    const link = new Link({ ...connection, port: server.port }, 'test');
    await assert.rejects(link.open(1000), { code: 'ECONNREFUSED' });
  });
});

it('should not take a cluster for steady in which a virtual host is down on a member', () => {
  const up = { name: 'tender', cluster_state: { 'rabbit@a': 'running', 'rabbit@b': 'running' } };
  assert.equal(virtualHosts([up]).ok, true);
  const half = virtualHosts([
    up,
    { name: 'canary', cluster_state: { 'rabbit@a': 'running', 'rabbit@b': 'stopped' } },
  ]);
  assert.deepEqual([half.ok, half.seen], [false, 'virtual host canary on rabbit@b: stopped']);
  assert.equal(virtualHosts([]).ok, false);
});

it('should be steady behind one address with as many nodes as are declared, all of them running', async (t) => {
  const answers = new Map<string, unknown>();
  const server = createHttpServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers.get(path) ?? []));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const names = ['rabbit@ip-10-0-0-1.x', 'rabbit@ip-10-0-0-2.x', 'rabbit@ip-10-0-0-3.x'];
  answers.set('/api/vhosts', [{ name: '/', cluster_state: {} }]);
  const seen = (of: number, down: string[] = []): Promise<Steadiness> => {
    answers.set(
      '/api/nodes',
      names.map((name) => ({ name, running: !down.includes(name) })),
    );
    const at = { name: 'broker.example.com', address: '127.0.0.1', standsForAll: true } as const;
    const declared = { members: of, management: { port } };
    const target = {
      connection: { ...connection, declared },
      members: () => Promise.resolve([at]),
    } as unknown as StoreTarget;
    return steady(target, { deadlineMs: 2_000 });
  };
  const whole = await seen(3);
  assert.ok(whole.ok, whole.detail);
  assert.match((await seen(5)).detail, /broker\.example\.com sees 3 of 5 members/);
  assert.match((await seen(3, names.slice(2))).detail, /ip-10-0-0-3\.x: not running/);
});

it('should read a list of more than 4 MiB, of each queue only what is used', async (t) => {
  const asked: string[] = [];
  const many = Array.from({ length: 20_000 }, (_, index) =>
    queue({
      name: `${'q'.repeat(200)}${index}`,
      members: ['a', 'b', 'c'],
      online: ['a', 'b', 'c'],
      leader: 'a',
    }),
  );
  const text = JSON.stringify(many);
  assert.ok(text.length > 4 << 20);
  const server = createHttpServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(text);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const target = {
    connection: { ...connection, declared: { management: { port } } },
  } as unknown as StoreTarget;
  const api = new Management(target, { name: 'rabbitmq-0', address: '127.0.0.1' });
  const bounds = { deadlineMs: 10_000 };
  const lists = [await api.allQueues(bounds), await api.queues(bounds)];
  assert.deepEqual(
    lists.map(({ length }) => length),
    [20_000, 20_000],
  );
  assert.equal(asked.length, 2);
  for (const path of asked) {
    const columns = new URLSearchParams(path.split('?')[1]).get('columns')?.split(',') ?? [];
    const used = [
      'name',
      'vhost',
      'type',
      'durable',
      'exclusive',
      'node',
      'leader',
      'members',
      'online',
      'state',
    ];
    const counts = ['messages_ready', 'messages_unacknowledged'];
    assert.deepEqual(new Set(columns), new Set([...used, ...counts]));
  }
});

describe("the canary's queue", () => {
  const connection = { host: 'h', port: 5672, database: '', user: 'u', password: 'p' };
  const sized = (declared: Record<string, unknown>): unknown =>
    (declarationOf({ ...connection, declared }).arguments as Record<string, unknown>)[
      'x-quorum-initial-group-size'
    ];

  it('should have as many members as are declared, or all of the cluster', () => {
    assert.equal(sized({ members: 5, queue: { replicas: 3 } }), 3);
    assert.equal(sized({ members: 5 }), 5);
    assert.equal(sized({}), undefined);
    assert.equal(sized({ members: 3, queue: { type: 'classic' } }), undefined);
  });
});

describe('a policy by which a queue drops what it has confirmed', () => {
  const dropped = (policy: Record<string, unknown>, over: Partial<RabbitQueue> = {}): string | null =>
    droppedBy(queue({ members: ['a', 'b', 'c'], effective_policy_definition: policy, ...over }));

  it('should be named where it drops the queue itself before it is read back', () => {
    assert.equal(dropped({ expires: 600_000 }), 'expires: 600000');
    assert.equal(dropped({ expires: 7_200_000 }), null);
  });

  it('should be named where a queue of its type does not refuse what is too much', () => {
    const policy = { 'max-length': 10, overflow: 'reject-publish-dlx' };
    assert.equal(dropped(policy), 'max-length: 10');
    assert.equal(dropped(policy, { type: 'classic' }), null);
    assert.equal(dropped({ ...policy, overflow: 'reject-publish' }), null);
    assert.equal(dropped({ 'max-length-bytes': 10 }, { type: 'classic' }), 'max-length-bytes: 10');
  });

  it('should be named where a quorum queue gives up a message that was read back', () => {
    assert.equal(dropped({ 'delivery-limit': 3 }), 'delivery-limit: 3');
    assert.equal(dropped({ 'delivery-limit': 20 }), null);
    assert.equal(dropped({ 'delivery-limit': -1 }), null, 'without a limit');
    assert.equal(dropped({ 'delivery-limit': 3 }, { type: 'classic' }), null);
  });
});
