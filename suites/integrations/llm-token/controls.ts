import { aiOf } from '../../_breaking/model.ts';
import { someImage } from '../../_breaking/objects.ts';
import { controlsFor } from '../../harness/control.ts';
import type { ControlContext } from '../../harness/control.ts';
import { podMetadata } from '../../topology/_objects/canary.ts';

const TALKER = 'llm-token-in-log';

const READY_MS = 60_000;

export const controls = controlsFor('integrations/llm-token', {
  logged: {
    title: "a pod logs the model's token",
    seen: new RegExp(`log of \\S+/${TALKER} talker: .*1 of its lines hold it`),
    break: logToken,
  },
});

/** A pod of its own: its log goes with it, so that the next scan finds no token. */
async function logToken(ctx: ControlContext): Promise<void> {
  const { token } = aiOf(ctx).llm;
  if (token === undefined || !('secret' in token))
    throw new Error('ai.llm.token does not name a Kubernetes Secret, so no pod can get the token');
  const { namespace, name, key } = token.secret;
  const labels = { 'app.kubernetes.io/name': TALKER, 'app.kubernetes.io/managed-by': 'plumbline' };
  const say = 'echo "authorization: Bearer $TOKEN"; exec busybox sleep 3600';
  await ctx.apply([
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: podMetadata({ name: TALKER, namespace, labels }),
      spec: {
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [
          {
            name: 'talker',
            image: await someImage(ctx),
            command: ['busybox', 'sh', '-c', say],
            env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name, key } } }],
            resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { cpu: '50m', memory: '32Mi' } },
          },
        ],
      },
    },
  ]);
  await ctx.until(`${TALKER} to run`, () => running(ctx, namespace), { timeoutMs: READY_MS });
}

async function running(ctx: ControlContext, namespace: string): Promise<true | null> {
  const found = await ctx.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: TALKER });
  return found?.status.phase === 'Running' ? true : null;
}
