import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../reports/record/judgement.ts';
import { asked, gpu, holds, node } from './_testing/histories.ts';
import { contextOf, OneNode } from './_testing/one-node.ts';
import { observe as landOnPool } from './schedule/observe.ts';

const says = ({ verdict, reason, rules = [] }: Judgement, wanted: string, text: string): void => {
  assert.equal(verdict, wanted, reason);
  assert.ok([reason, ...rules.map((rule) => rule.text)].join('\n').includes(text), `${text} in: ${reason}`);
};

test('should be open where the image of a canary does not come, after the scheduler has done its work', () => {
  const waits = (detail: string, at: string | null = 'gpu-1') =>
    gpu('schedule', [
      node(),
      asked(),
      asked('canary/gpu-lands'),
      holds('gpu-lands', { state: 'waiting', node: at, devices: null, reportedBy: null, detail }),
    ]);
  for (const detail of ['ImagePullBackOff: Back-off pulling image "x"', 'ErrImagePull', 'ContainerCreating'])
    says(waits(detail), 'inconclusive', `waiting: ${detail}, on gpu-1`);
  says(waits('Pending'), 'fail', 'waiting: Pending');
  says(waits('ContainerCreating', null), 'fail', 'waiting: ContainerCreating');
  says(waits('CreateContainerError: no such device'), 'fail', 'no such device');
});

/** What is judged of a canary that kubelet has not started, and of which it has said this so many seconds ago, in this order. */
async function judgedAfter(
  reason: string,
  ...events: readonly (readonly [reason: string, secondsAgo: number])[]
): Promise<Judgement> {
  const cluster = new OneNode();
  const ctx = contextOf(cluster);
  const plain = ctx.cluster;
  const apply = plain.apply.bind(plain);
  const nowMs = Date.now();
  plain.apply = async (pods) => {
    await apply(pods);
    for (const pod of cluster.pods.values()) {
      const { metadata } = pod;
      const containerStatuses = [{ name: 'canary', state: { waiting: { reason } } }];
      pod.status = { phase: 'Pending', containerStatuses };
      for (const [index, [said, secondsAgo]] of events.entries())
        cluster.events.push({
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: `${metadata.name}.${index}` },
          reason: said,
          message: 'as kubelet says',
          lastTimestamp: `${new Date(nowMs - secondsAgo * 1000).toISOString().slice(0, 19)}Z`,
          involvedObject: { kind: 'Pod', name: metadata.name, uid: metadata.uid },
        });
    }
  };
  await landOnPool(ctx);
  const [pod] = cluster.recorded('gpu-pod');
  const { kind, ...more } = pod ?? assert.fail('no pod was recorded');
  assert.equal(kind, 'gpu-pod');
  return gpu('schedule', [node(), asked(), asked('canary/gpu-lands'), ['gpu-pod', more]]);
}

const CREATING = 'ContainerCreating';

test('should fail where no sandbox can be made for a canary, and not where kubelet has begun to pull its image since', async () => {
  const broken = await judgedAfter(CREATING, ['Pulling', 62], ['FailedCreatePodSandBox', 61]);
  says(broken, 'fail', 'waiting: FailedCreatePodSandBox: as kubelet says');
  const pulling = await judgedAfter(CREATING, ['FailedCreatePodSandBox', 62], ['Pulling', 61]);
  says(pulling, 'inconclusive', 'waiting: ContainerCreating, on gpu-1');
  says(await judgedAfter(CREATING), 'inconclusive', 'waiting: ContainerCreating, on gpu-1');
});

test('should fail where the image of a canary is there and its container is not started all the same', async () => {
  const hangs = 'waiting: Pulled: as kubelet says';
  says(await judgedAfter(CREATING, ['Pulling', 62], ['Pulled', 61]), 'fail', hangs);
  says(await judgedAfter(CREATING, ['Pulling', 61], ['Pulled', 61]), 'fail', hangs);
  const again = await judgedAfter(CREATING, ['Pulled', 61], ['Pulling', 61]);
  says(again, 'inconclusive', 'waiting: ContainerCreating, on gpu-1');
  const late = await judgedAfter(CREATING, ['Pulling', 61], ['Pulled', 1]);
  says(late, 'inconclusive', 'waiting: ContainerCreating, on gpu-1');
});

test('should be open where the image of the pod that waits for a device does not come', () => {
  const released = (detail: string) =>
    gpu('release', [
      node(),
      asked(),
      holds('a'),
      holds('b'),
      asked('canary/a', 'canary/b'),
      ['gpu-waits', { pod: 'gpu-is-next', state: 'refused', node: null, detail: 'Insufficient' }],
      ['gpu-back', { what: 'deletion', node: 'gpu-1', ready: false, sinceMs: 1000, seenMs: 1001, detail }],
    ]);
  says(released('ErrImagePull: timeout'), 'inconclusive', 'not ready on gpu-1: ErrImagePull: timeout');
  says(released('ContainerCreating'), 'fail', 'not within 0.0 s (ContainerCreating)');
});
