import type { Control, ControlContext } from './control.ts';
import { changePatroni, members, sql } from './failover-postgres.ts';
import { forgetfulVolume } from './forgetful-volume.ts';
import { canary, canaryWorkload, idlePod, someImage } from './topology-declared.ts';

const NAME = 'control-empty-dir';

export const storageControls: readonly Control[] = [
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
  {
    id: 'topology/storage/durability/fsync-off',
    check: 'topology/storage/durability',
    verdict: 'fail',
    size: 'any',
    title: "PostgreSQL's fsync is off",
    expectSeen: /fsync.*expected on, seen off/,
    break: (ctx) =>
      changePatroni(
        ctx,
        { postgresql: { parameters: { fsync: 'off' } } },
        { what: 'every member to run with fsync off', probe: () => fsyncOff(ctx) },
      ),
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

async function fsyncOff(ctx: ControlContext): Promise<true | null> {
  for (const member of await members(ctx))
    if ((await sql(ctx, member, 'SHOW fsync')).trim() !== 'off') return null;
  return true;
}
