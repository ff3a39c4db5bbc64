import { changed } from '../../_objects/gateway-template.ts';
import type { ContainerPart } from '../../../_breaking/objects.ts';
import type { Container } from '../../../../probes/kubernetes/objects.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'topology/workloads/resources/limit-removed',
    check: 'topology/workloads/resources',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway has no memory limit',
    expectSeen: /memory limits of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, withoutMemoryLimit),
  },
];

function withoutMemoryLimit(container: Container): ContainerPart {
  const { resources = {} } = container;
  const { memory: _removed, ...limits } = resources.limits ?? {};
  return { ...container, resources: { ...resources, limits } };
}
