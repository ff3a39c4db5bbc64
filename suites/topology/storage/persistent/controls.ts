import { canary, canaryWorkload, idlePod, someImage } from '../../../_breaking/objects.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { forgetfulVolume } from './forgetful-volume.ts';

const NAME = 'control-empty-dir';

export const controls: readonly Control[] = [
  {
    id: 'topology/storage/persistent/empty-dir',
    check: 'topology/storage/persistent',
    verdict: 'fail',
    size: 'any',
    title: 'a StatefulSet that is declared to hold data keeps it on an emptyDir',
    expectSeen: /\/var\/lib\/postgresql.*emptyDir/,
    // The volume of a canary is not what is broken here, and making one takes ten seconds.
    settings: {
      settings: {
        workloads: [{ ...canaryWorkload('StatefulSet', NAME, 1), store: 'postgres' }],
        writes: false,
      },
    },
    break: dataOnEmptyDir,
  },
  {
    id: 'topology/storage/persistent/bytes-gone',
    check: 'topology/storage/persistent',
    verdict: 'fail',
    size: 'any',
    title: "a volume does not outlive its pod: the canary's claim is swapped for an emptyDir",
    expectSeen: /read by the next: nothing$/,
    break: forgetfulVolume,
  },
];

async function dataOnEmptyDir(ctx: ControlContext): Promise<void> {
  const template = idlePod(NAME, await someImage(ctx), {
    container: { volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/data' }] },
    pod: { volumes: [{ name: 'data', emptyDir: {} }] },
  });
  const selector = { matchLabels: { 'app.kubernetes.io/name': NAME } };
  await ctx.apply([
    canary('apps/v1', 'StatefulSet', NAME, { spec: { replicas: 1, serviceName: NAME, selector, template } }),
  ]);
}
