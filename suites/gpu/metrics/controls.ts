import { DEVICES, offers, withArgument } from '../_pool/breaking.ts';
import { PROMETHEUS, required } from '../../_breaking/objects.ts';
import { controlsFor } from '../../harness/control.ts';
import type { ControlContext } from '../../harness/control.ts';

const GONE_MS = 60_000;

export const controls = controlsFor('gpu/metrics', {
  unserved: {
    size: 'full',
    title: 'the device plugin serves no metrics',
    seen: /devices of node gpu-1/,
    break: (ctx) => withArgument(ctx, '--metrics=false', DEVICES),
  },
  'no-prometheus': {
    verdict: 'inconclusive',
    size: 'full',
    title: 'Prometheus is down',
    seen: /Prometheus unavailable/,
    break: withoutPrometheus,
  },
});

async function withoutPrometheus(ctx: ControlContext): Promise<void> {
  await offers(ctx, DEVICES);
  await ctx.patch(PROMETHEUS, { spec: { replicas: 0 } });
  const gone = async (): Promise<true | null> => {
    const { status = {} } = await required(ctx, PROMETHEUS);
    return (status.replicas ?? 0) === 0 ? true : null;
  };
  await ctx.until('no pod of Prometheus to be left', gone, { timeoutMs: GONE_MS });
}
