/** The part `telemetry`: where log lines, traces and alerts go, and what shows dashboards. Prometheus is always there; see prometheus/. */
import { allSettledOrThrow } from '../../cluster/bringup.ts';
import { alertmanagerObjects, waitAlertmanager } from '../alertmanager/index.ts';
import type { PlatformContext } from '../context.ts';
import { grafanaStubObjects, waitGrafanaStub } from '../grafana-stub/index.ts';
import { jaegerObjects, waitJaeger } from '../jaeger/index.ts';
import { logShipperObjects, waitLogShipper } from '../log-shipper/index.ts';
import { logstoreObjects, waitLogstore } from '../logstore/index.ts';
import type { KubeObject } from '../objects.ts';
import type { Secrets } from '../secrets.ts';

export function telemetryObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    ...logstoreObjects(context, secrets),
    ...logShipperObjects(context),
    ...jaegerObjects(context),
    ...alertmanagerObjects(context),
    ...grafanaStubObjects(context, secrets),
  ];
}

/** Waits for all of them, and until lines have somewhere to go. */
export async function waitTelemetry(context: PlatformContext): Promise<void> {
  await allSettledOrThrow([
    waitLogstore(context),
    waitLogShipper(context),
    waitJaeger(context),
    waitAlertmanager(context),
    waitGrafanaStub(context),
  ]);
}
