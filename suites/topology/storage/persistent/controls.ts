import { canary, canaryWorkload, idlePod, someImage } from '../../../_breaking/objects.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { forgetfulVolume } from './forgetful-volume.ts';

const NAME = 'control-empty-dir';

export const controls = controlsFor('topology/storage/persistent', {
  'empty-dir': {
    title: 'a StatefulSet that is declared to hold data keeps it on an emptyDir',
    seen: /\/var\/lib\/postgresql.*emptyDir/,
    // The volume of a canary is not what is broken here, and making one takes ten seconds.
    settings: {
      settings: {
        workloads: [{ ...canaryWorkload('StatefulSet', NAME, 1), store: 'postgres' }],
        writes: false,
      },
    },
    break: dataOnEmptyDir,
  },
  'bytes-gone': {
    title: "a volume does not outlive its pod: the canary's claim is swapped for an emptyDir",
    seen: /read by the next: nothing$/,
    break: forgetfulVolume,
  },
});

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
