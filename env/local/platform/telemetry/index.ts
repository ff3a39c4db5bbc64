/** The part `telemetry`: where log lines, traces and alerts go, and what shows dashboards. Prometheus is always there; see prometheus/. */
import { allSettledOrThrow } from '../../cluster/bringup.ts';
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import { grafanaStubObjects } from '../grafana-stub/index.ts';
import { logstoreObjects, waitLogstore } from '../logstore/index.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';

export function telemetryObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    ...logstoreObjects(context, secrets),
    ...['log-shipper', 'jaeger', 'alertmanager'].flatMap((folder) => render(context, secrets, { folder })),
    ...grafanaStubObjects(context, secrets),
  ];
}

const WORKLOADS = [
  'daemonset/log-shipper',
  'deployment/jaeger',
  'deployment/alertmanager',
  'deployment/grafana-stub',
] as const;
const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine, once the images are on every node

/** Waits for all of them, and until lines have somewhere to go. The data source of Grafana's stand-in may come later. */
export async function waitTelemetry(context: PlatformContext): Promise<void> {
  const rollouts = WORKLOADS.map((workload) =>
    waitRollout(context, { namespace: OBSERVABILITY, workload, deadlineMs: READY_DEADLINE_MS }),
  );
  await allSettledOrThrow([waitLogstore(context), ...rollouts]);
}
