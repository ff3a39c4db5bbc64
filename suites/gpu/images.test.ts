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
      ...[node(), asked(), asked('canary/gpu-lands')],
      holds('gpu-lands', { state: 'waiting', node: at, devices: null, reportedBy: null, detail }),
    ]);
  for (const detail of ['ImagePullBackOff: Back-off pulling image "x"', 'ErrImagePull', 'ContainerCreating'])
    says(waits(detail), 'inconclusive', `waiting: ${detail}, on gpu-1`);
  says(waits('Pending'), 'fail', 'waiting: Pending');
  says(waits('ContainerCreating', null), 'fail', 'waiting: ContainerCreating');
  says(waits('CreateContainerError: no such device'), 'fail', 'no such device');
});

test('should fail where no sandbox can be made for a canary, and not where kubelet has begun to pull its image since', async () => {
  const events =
    (...reasons: [reason: string, at: number][]) =>
    async (): Promise<Judgement> => {
      const cluster = new OneNode();
      const ctx = contextOf(cluster);
      const plain = ctx.cluster;
      const apply = plain.apply.bind(plain);
      plain.apply = async (pods) => {
        await apply(pods);
        for (const pod of cluster.pods.values()) {
          pod.status = {
            phase: 'Pending',
            containerStatuses: [{ name: 'canary', state: { waiting: { reason: 'ContainerCreating' } } }],
          };
          for (const [reason, at] of reasons)
            cluster.events.push({
              ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: `${reason}.${at}` } },
              ...{ reason, message: 'no handler', lastTimestamp: `2026-12-01T00:00:0${at}Z` },
              involvedObject: { kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
            });
        }
      };
      await landOnPool(ctx);
      const [pod] = cluster.recorded('gpu-pod');
      const { kind, ...more } = pod ?? assert.fail('no pod was recorded');
      assert.equal(kind, 'gpu-pod');
      return gpu('schedule', [node(), asked(), asked('canary/gpu-lands'), ['gpu-pod', more]]);
    };
  const broken = await events(['Pulling', 1], ['FailedCreatePodSandBox', 2])();
  says(broken, 'fail', 'waiting: FailedCreatePodSandBox: no handler');
  const pulling = await events(['FailedCreatePodSandBox', 1], ['Pulling', 2])();
  says(pulling, 'inconclusive', 'waiting: ContainerCreating, on gpu-1');
  says(await events()(), 'inconclusive', 'waiting: ContainerCreating, on gpu-1');
});

test('should be open where the image of the pod that waits for a device does not come', () => {
  const released = (detail: string) =>
    gpu('release', [
      ...[node(), asked(), holds('a'), holds('b'), asked('canary/a', 'canary/b')],
      ['gpu-waits', { pod: 'gpu-is-next', state: 'refused', node: null, detail: 'Insufficient' }],
      ['gpu-back', { what: 'deletion', node: 'gpu-1', ready: false, sinceMs: 1000, seenMs: 1001, detail }],
    ]);
  says(released('ErrImagePull: timeout'), 'inconclusive', 'not ready on gpu-1: ErrImagePull: timeout');
  says(released('ContainerCreating'), 'fail', 'not within 0.0 s (ContainerCreating)');
});
