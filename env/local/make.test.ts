import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Target } from './context.ts';
import { clusterOf, Rest, whole } from './make.ts';
import type { Asked, MakeOptions } from './make.ts';

const ASKED: Asked = { instance: 'local-small', size: 'small', with: ['postgres'], signal: undefined };

test('the groups and images of the cluster are a proper subset of those of the whole environment', () => {
  const [cluster, all] = [clusterOf(ASKED), whole(ASKED)];
  for (const group of cluster.groups) assert.ok(all.groups.includes(group), group);
  for (const image of cluster.images) assert.ok(all.images.includes(image), image.name);
  const postgres = ({ images }: typeof all): boolean => images.some(({ name }) => name === 'postgres');
  assert.ok(!postgres(cluster) && postgres(all));
  assert.ok(all.groups.length > cluster.groups.length);
  assert.deepEqual(cluster.beside, all.groups, 'in one folder');
});

test('the background build reports no progress until somebody waits for it', async () => {
  const { promise, resolve } = Promise.withResolvers<Target>();
  const asked: MakeOptions[] = [];
  const rest = new Rest(ASKED, (_asked, _part, options) => {
    asked.push(options);
    return promise;
  });
  const [given] = asked;
  assert.ok(given?.inBackground === true);
  const told: string[] = [];
  given.tell('compiling metrics: 1 of 2 packages');
  const made = rest.made((message) => told.push(message));
  given.tell('compiling metrics: 2 of 2 packages');
  const target = { ...ASKED, binDir: '/programs', images: {}, say: () => undefined };
  resolve(target);
  assert.equal(await made, target);
  assert.deepEqual(told, ['compiling metrics: 2 of 2 packages']);
});

test('the background build ends when the cluster could not be provisioned', async () => {
  let ended = false;
  const rest = new Rest(
    ASKED,
    ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          ended = true;
          reject(new Error('aborted'));
        });
      }),
  );
  await rest.abandon();
  assert.ok(ended);
});

test('an interrupt of `env up` ends the background build', async () => {
  const interrupt = new AbortController();
  const rest = new Rest({ ...ASKED, signal: interrupt.signal }, ({ signal }) => {
    const { promise, reject } = Promise.withResolvers<Target>();
    signal?.addEventListener('abort', () => reject(new Error('interrupted')));
    return promise;
  });
  const made = rest.made(() => undefined);
  interrupt.abort();
  await assert.rejects(made, /interrupted/);
});
