/** Queues of each type on real servers: they are told apart, and those that have lost their leader are counted and named. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ConfirmChannel } from 'amqplib';
import { lookUntil } from '../../host/wait.ts';
import { rabbitmq } from '../../probes/rabbitmq/index.ts';
import { Link } from '../../probes/rabbitmq/link.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import { startRabbitCluster } from './rabbitmq-cluster.ts';
import type { RabbitCluster } from './rabbitmq-cluster.ts';

const BOUNDS = { deadlineMs: 30_000 };

describe("the types of RabbitMQ's queues", () => {
  let cluster: RabbitCluster;
  before(async () => {
    cluster = await startRabbitCluster();
  });
  after(() => cluster.stop());

  it('should tell queues by their types, and judge each by what is declared', async () => {
    const { target } = cluster;
    for (const argv of [
      ['add_vhost', 'tender'],
      ['set_permissions', '--vhost', 'tender', 'plumbline', '.*', '.*', '.*'],
    ])
      cluster.command('rabbitmq-0', ['rabbitmqctl', ...argv]);
    const tender = declaring(target, { vhost: 'tender' });
    for (const [name, type] of Object.entries({ jobs: 'quorum', log: 'stream', old: 'classic' }))
      await over(tender, (channel) =>
        channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type } }),
      );
    // A stream's members join after its declaration was answered.
    const settled = await lookUntil(
      () => rabbitmq.steady(target, BOUNDS),
      ({ ok, detail }) => ok && !detail.includes('does not report'),
      { ...BOUNDS, intervalMs: 300 },
    );
    assert.match(settled.detail, / quorum queues and streams with a leader and all members online$/);
    const settings = await rabbitmq.governing(target, BOUNDS);
    assert.deepEqual(
      settings
        .filter(({ name }) => name === 'queue type')
        .map(({ value, source }) => [value, source])
        .sort(),
      [
        ['classic', 'queue old in tender'],
        ['quorum', 'queue jobs in tender'],
        ['stream', 'queue log in tender'],
      ],
    );
    const seen = async (
      types: string | string[],
    ): Promise<[boolean | null | undefined, string | undefined]> => {
      const declared = declaring(target, { durability: { 'queue type': types } });
      const { conditions } = await rabbitmq.describe(declared, BOUNDS);
      const found = conditions?.find(({ name }) => name === 'quorum queues');
      return [found?.ok, found?.seen];
    };
    assert.deepEqual(await seen('quorum'), [
      false,
      '2 of another type: log in tender (stream), old in tender (classic)',
    ]);
    assert.deepEqual(await seen(['quorum', 'stream']), [false, '1 of another type: old in tender (classic)']);
    await over(tender, (channel) => channel.deleteQueue('old'));
    assert.equal((await seen(['quorum', 'stream']))[0], true);
  });

  it('should count and name a queue that lost its leader while every member runs', async () => {
    const stop = (member: string): string =>
      cluster.command(member, [
        'rabbitmqctl',
        'eval',
        'ra:stop_server(quorum_queues, {tender_jobs, node()}).',
      ]);
    const begin = (member: string): string =>
      cluster.command(member, [
        'rabbitmqctl',
        'eval',
        'ra:restart_server(quorum_queues, {tender_jobs, node()}).',
      ]);
    const listed = ['rabbitmqctl', '-q', 'list_queues', '-p', 'tender', 'name', 'leader'];
    const of = /^jobs\s+rabbit(?<index>\d)@/m.exec(cluster.command('rabbitmq-0', listed))?.groups?.['index'];
    assert.ok(of !== undefined);
    // One that leads goes on leading without the others, who can then commit nothing: it is the last to stop.
    const [follower, leader] = [`rabbitmq-${(Number(of) + 1) % 3}`, `rabbitmq-${of}`];
    stop(follower);
    const short = await until((detail) => detail.includes('with members offline'));
    assert.match(short, /1 of \d+ quorum queues and streams with members offline: jobs in tender \(2 of 3\)/);
    stop(leader);
    const leaderless = await until((detail) => detail.includes('without a leader'));
    assert.match(leaderless, /1 of \d+ quorum queues and streams without a leader: jobs in tender/);
    for (const member of [follower, leader]) begin(member);
    assert.equal((await rabbitmq.waitSteady(cluster.target, BOUNDS)).ok, true);
  });

  /** What `steady` says as soon as it is this. */
  async function until(holds: (detail: string) => boolean): Promise<string> {
    const { ok, detail } = await lookUntil(
      () => rabbitmq.steady(cluster.target, BOUNDS),
      (now) => !now.ok && holds(now.detail),
      { ...BOUNDS, intervalMs: 300 },
    );
    assert.equal(ok, false);
    return detail;
  }
});

async function over<T>(
  { connection }: StoreTarget,
  work: (channel: ConfirmChannel) => Promise<T>,
): Promise<T> {
  const link = new Link(connection, 'test');
  try {
    return await work(await (await link.open(BOUNDS.deadlineMs)).createConfirmChannel());
  } finally {
    link.destroy();
  }
}

/** The same servers, declared differently. */
function declaring(target: StoreTarget, differently: Record<string, unknown>): StoreTarget {
  const { connection } = target;
  return { ...target, connection: { ...connection, declared: { ...connection.declared, ...differently } } };
}
