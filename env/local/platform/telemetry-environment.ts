/** What a container is told of where its telemetry goes. */
import { OBSERVABILITY, type PlatformContext } from './context.ts';

/** The collector of traces: Jaeger, by its Service. */
export const TRACES = { name: 'jaeger', otlpPort: 4318 } as const;

/** For services with service-kit or its like; without the part `telemetry` spans go nowhere. */
export function telemetryEnvironment(context: PlatformContext): unknown[] {
  const node = { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } };
  if (!context.with.includes('telemetry')) return [node];
  const url = `http://${TRACES.name}.${OBSERVABILITY}.svc.cluster.local:${String(TRACES.otlpPort)}`;
  return [node, { name: 'OTLP_URL', value: url }];
}
