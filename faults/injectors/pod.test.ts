import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodInjector } from './pod.ts';
import type { PodInjectorOptions, Shared } from './pod.ts';

const READY_MS = 1000;
const member = { name: 'pg-1', uid: 'u-1', node: 'worker-1' };

/** What is said where the injector's pod has this status. */
async function failureWhere(status: object): Promise<{ message: string; looks: number }> {
  let looks = 0;
  const injector = new PodInjector(
    {
      namespace: 'plumbline-drill',
      image: 'tools/node:1',
      activeSeconds: 600,
      landingMs: 300,
      readyMs: READY_MS,
      power: null,
      exec: () => Promise.reject(new Error('nothing runs in it')),
    },
    {
      check: 'failover/postgres/pod-crash',
      perform: (mutation) => mutation.act(),
      kube: ({ method }) => {
        if (method === 'GET') looks += 1;
        return Promise.resolve({ status: method === 'POST' ? 201 : 200, body: { status } });
      },
      timeoutMs: () => READY_MS,
      signal: new AbortController().signal,
    },
  );
  const message = await injector.crash(member).then(
    () => assert.fail('it does not run'),
    (error: unknown) => String(error),
  );
  return { message, looks };
}

test('a pod that the kubelet refuses is said to be that at once, with its reason', async () => {
  const message = 'Node did not have enough resource: pods, requested: 1, used: 110, capacity: 110';
  const refused = await failureWhere({ phase: 'Failed', reason: 'OutOfpods', message });
  assert.match(
    refused.message,
    /plumbline-injector-\w+ was refused by the kubelet: OutOfpods: Node did not have enough resource/,
  );
  assert.equal(refused.looks, 1);
  const terminated = { name: 'injector', state: { terminated: { reason: 'OOMKilled' } } };
  const failed = await failureWhere({ phase: 'Failed', reason: 'Evicted', containerStatuses: [terminated] });
  assert.match(failed.message, /plumbline-injector-\w+ failed: Evicted: .*OOMKilled/);
});

test('of a pod with an injected sidecar the state of the own container is said', async () => {
  const waiting = (name: string, reason: string) => ({ name, state: { waiting: { reason } } });
  const { message } = await failureWhere({
    phase: 'Pending',
    containerStatuses: [waiting('a-sidecar', 'PodInitializing'), waiting('injector', 'ErrImagePull')],
  });
  assert.match(message, /waited up to 1 s for .* to run; last seen: Pending .*ErrImagePull/);
  assert.doesNotMatch(message, /PodInitializing/);
});

test('a container whose id is none is not looked for: a shorter text could name every pod of a node', async () => {
  const injector = new PodInjector({ landingMs: 300 } as PodInjectorOptions, {} as Shared);
  const frozen = await injector.freeze({ ...member, containers: { db: 'containerd://kubepods' } }, 'db');
  assert.match(JSON.stringify(frozen), /the id \\"kubepods\\", which is none of a container/);
});
