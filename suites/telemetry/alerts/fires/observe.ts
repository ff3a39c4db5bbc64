import { lookUntil } from '../../../../host/wait.ts';
import { runName, settingsOf } from '../../_following/settings.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import {
  canaryImage,
  canaryLabels,
  canaryMetadata,
  canaryNamespace,
  canaryPod,
  offOthers,
  refOf,
} from '../../../topology/_objects/canary.ts';
import { recordIsolation } from '../../../topology/_objects/isolation.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

const BREACH = 'breach';

/** Polling interval, and thus the error of the arrival time. */
const LOOK_EVERY_MS = 500;

/** A pod whose metric breaches the canary's rule, until Alertmanager has the alert. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { telemetry, writes } = settingsOf(ctx);
  const canary = telemetry.alerts?.canary;
  if (canary === undefined) return;
  if (!writes) {
    ctx.record('reads-only');
    return;
  }
  const image = await canaryImage(ctx);
  if (image === null) {
    ctx.unavailable(
      'an image for canaries',
      'declare network.probeImage: no declared workload with `serves: true` exists whose image could be used',
    );
    return;
  }
  const run = runName(ctx);
  const objects = breachObjects(ctx, { image, run, canary });
  const labels = { alertname: canary.alert, run };
  try {
    const sinceMs = await ctx.step(`start a pod whose ${canary.metric} is 1`, () =>
      startBreach(ctx, objects),
    );
    if (sinceMs === null) return;
    const came = await ctx.step(`wait until Alertmanager has ${canary.alert}`, () =>
      untilAlerts(ctx, labels, { sinceMs, wanted: true, timeoutMs: ctx.timeoutMs('alertArrival') }),
    );
    if (!came) await recordIsolation(ctx, canaryNamespace(ctx), objects[1]?.metadata.labels);
  } finally {
    await ctx.step('end the breach', () => ctx.cluster.remove(objects.map(refOf)));
    ctx.record('breach-ended');
  }
  await ctx.step('see that the alert ends', () =>
    untilAlerts(ctx, labels, { sinceMs: Date.now(), wanted: false, timeoutMs: ctx.timeoutMs('alertGone') }),
  );
}

interface Breach {
  image: string;
  run: string;
  canary: { metric: string; service: string; port: number };
}

function breachObjects(ctx: CheckContext, { image, run, canary }: Breach): KubeObject[] {
  const labels = { ...canaryLabels(ctx), 'app.kubernetes.io/name': BREACH };
  const line = `${canary.metric}{run="${run}"} 1`;
  const script = `echo '${line}' > /tmp/metrics && exec busybox httpd -f -p ${canary.port} -h /tmp`;
  const container = {
    name: BREACH,
    image,
    command: ['busybox', 'sh', '-c', script],
    ports: [{ containerPort: canary.port }],
    readinessProbe: { httpGet: { path: '/metrics', port: canary.port }, periodSeconds: 1 },
    volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: canaryMetadata(ctx, canary.service),
      spec: {
        clusterIP: 'None',
        selector: { 'app.kubernetes.io/name': BREACH },
        ports: [{ name: 'http', port: canary.port }],
      },
    },
    canaryPod({ ...canaryMetadata(ctx, BREACH), labels }, container, {
      volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
      ...offOthers(ctx),
    }),
  ];
}

/** Wall clock ms at which the breach can be scraped; null when it never could. */
async function startBreach(ctx: CheckContext, objects: KubeObject[]): Promise<number | null> {
  try {
    await ctx.cluster.apply(objects);
    await ctx.cluster.wait({
      kind: 'v1/Pod',
      namespace: canaryNamespace(ctx),
      names: [BREACH],
      until: 'ready',
      count: 1,
      timeoutMs: ctx.timeoutMs('podReady'),
    });
    const sinceMs = Date.now();
    ctx.record('breach');
    return sinceMs;
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.unavailable('the pod of the breach', errorText(error));
    return null;
  }
}

interface AlertWait {
  sinceMs: number;
  wanted: boolean;
  timeoutMs: number;
}

/** Polls until the alert is there, or gone; false: it is not. A source that does not answer is recorded once, if that is so at the end. */
async function untilAlerts(
  ctx: CheckContext,
  labels: Record<string, string>,
  { sinceMs, wanted, timeoutMs }: AlertWait,
): Promise<boolean> {
  const { id: check, trial } = ctx;
  const {
    came,
    silent,
    state = '',
  } = await lookUntil(
    async () => {
      const answer = await ctx.runner.call('telemetry.ask', { check, trial, about: 'alerts', labels });
      return { ...answer, came: answer.silent === undefined && answer.seen > 0 === wanted };
    },
    (seen) => seen.came,
    { deadlineMs: sinceMs + timeoutMs - Date.now(), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
  );
  if (came && wanted) ctx.record('alert-arrived', { state });
  else if (came) ctx.record('alert-ended');
  else if (silent !== undefined && wanted) ctx.unavailable('Alertmanager', silent);
  else ctx.record(wanted ? 'alert-missing' : 'alert-stays');
  return came;
}
