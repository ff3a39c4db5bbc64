import type { Control, ControlContext } from './control.ts';
import { changeContainers, deployment } from './topology-declared.ts';
import type { Container } from '../../probes/kubernetes/objects.ts';
import type { ContainerPart } from './topology-declared.ts';

/** A Deployment of the platform whose declaration is changed while it is paused: nothing is rolled out. */
const TARGET = deployment('edge', 'gateway');

export const templateControls: readonly Control[] = [
  {
    id: 'topology/workloads/probes/readiness-removed',
    check: 'topology/workloads/probes',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway has no readiness probe',
    expectSeen: /readiness of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, ({ readinessProbe: _removed, ...rest }) => rest),
  },
  {
    id: 'topology/workloads/probes/liveness-removed',
    check: 'topology/workloads/probes',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway has no liveness probe',
    expectSeen: /liveness of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, ({ livenessProbe: _removed, ...rest }) => rest),
  },
  {
    id: 'topology/workloads/resources/limit-removed',
    check: 'topology/workloads/resources',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway has no memory limit',
    expectSeen: /memory limits of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, withoutMemoryLimit),
  },
  {
    id: 'topology/workloads/images/latest-elsewhere',
    check: 'topology/workloads/images',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway is declared with the image `latest` of another registry',
    expectSeen: /registry of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, (container) => ({ ...container, image: 'elsewhere.test/gateway:latest' })),
  },
];

function changed(ctx: ControlContext, change: (container: Container) => ContainerPart): Promise<void> {
  return changeContainers(ctx, TARGET, change);
}

function withoutMemoryLimit(container: Container): ContainerPart {
  const { resources = {} } = container;
  const { memory: _removed, ...limits } = resources.limits ?? {};
  return { ...container, resources: { ...resources, limits } };
}
