import type { CheckContext } from '../harness/check.ts';
import type { Found } from './declared.ts';
import { waiting } from './inventory.ts';
import { lastingContainers } from './shapes.ts';
import type { Container, PodObject } from './shapes.ts';

/** Every container of every declared workload, from the workload's template: what the next pod will be. */
export function recordContainers(ctx: CheckContext, found: readonly Found[]): void {
  for (const one of found) {
    const spec = one.object?.spec.template.spec;
    if (spec === undefined) continue;
    const lasting = lastingContainers(spec);
    const passing = (spec.initContainers ?? []).filter((container) => !lasting.includes(container));
    for (const container of lasting) record(ctx, one.name, { container, init: false });
    for (const container of passing) record(ctx, one.name, { container, init: true });
  }
}

function record(ctx: CheckContext, workload: string, of: { container: Container; init: boolean }): void {
  const { container, init } = of;
  ctx.record('container', {
    workload,
    container: container.name,
    init,
    image: container.image,
    liveness: probeText(container.livenessProbe),
    readiness: probeText(container.readinessProbe),
    requests: container.resources?.requests ?? {},
    limits: container.resources?.limits ?? {},
  });
}

/** `httpGet /readyz:http`, `exec`, `tcpSocket :5432`; empty when there is none. */
function probeText(probe: Record<string, unknown> | undefined): string {
  if (probe === undefined) return '';
  for (const how of ['httpGet', 'tcpSocket', 'grpc', 'exec']) {
    const detail = probe[how] as { path?: string; port?: string | number } | undefined;
    if (detail !== undefined)
      return how === 'exec' ? how : `${how} ${detail.path ?? ''}:${detail.port ?? ''}`;
  }
  return '';
}

/** Whether the nodes could pull: every container has an image id, and none waits for its image. */
export function recordPulls(ctx: CheckContext, pods: readonly PodObject[]): void {
  for (const pod of pods) {
    const troubles = waiting(pod).filter((text) => /Image|Registry/.test(text));
    const missing = (pod.status.containerStatuses ?? []).filter(
      (status) => (status.imageID ?? '') === '' && status.state?.waiting === undefined,
    );
    ctx.record('pull', {
      pod: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
      troubles: [...troubles, ...missing.map((status) => `${status.name}: no image id`)],
    });
  }
}
