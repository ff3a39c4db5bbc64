/** Drafts held against the clusters that they were made of, by the checks themselves: what is healthy and has not changed passes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { judgedOver } from '../../suites/topology/_testing/observing.ts';
import { objectsOf } from '../../suites/topology/_testing/rabbitmq-operator.ts';
import type { EnvironmentFile } from '../schema.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import { namespace, node } from './_testing/objects.ts';

let server: ListingApiServer;
before(async () => {
  server = await ListingApiServer.start();
});
after(() => {
  server.stop();
});

/** The verdict of a check by a file on a cluster, and why. */
async function verdictOf(
  check: string,
  { topology, stores }: EnvironmentFile,
  objects: readonly Stood[],
): Promise<string> {
  const { verdict, reason } = await judgedOver(check, {
    settings: { ...topology, stores, writes: false },
    objects,
  });
  return `${verdict}: ${reason}`;
}

const BASE: readonly Stood[] = [
  ...['kube-system', 'shop'].map(namespace),
  node('w-1', { 'example.com/pool': 'general' }),
];

const PERSISTENT = 'topology/storage/persistent';

test('should not hold what lies above the data of a RabbitMQ of its operator against claims', async () => {
  const objects = [...BASE, ...(objectsOf() as Stood[])];
  const { file, text } = await draftedOn(server, objects);
  assert.deepEqual(
    file.topology.workloads.map(({ name, store }) => [name, store]),
    [['orders-server', undefined]],
  );
  assert.match(
    text,
    /until then it is not known whether any of its data is at \/var\/lib\/rabbitmq\/, where no claim is mounted\n +# store: rabbitmq/,
  );
  // What the file would say of it without that.
  const [first] = file.topology.workloads;
  assert.ok(first);
  const topology = { ...file.topology, workloads: [{ ...first, store: 'rabbitmq' as const }] };
  assert.match(await verdictOf(PERSISTENT, { ...file, topology }, objects), /^fail: .*seen emptyDir/);
});
