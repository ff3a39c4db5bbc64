import { changed } from '../../_objects/gateway-template.ts';
import type { ContainerPart } from '../../../_breaking/objects.ts';
import type { Container } from '../../../../probes/kubernetes/objects.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('topology/workloads/resources', {
  'limit-removed': {
    title: 'the gateway has no memory limit',
    seen: /memory limits of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, withoutMemoryLimit),
  },
});

function withoutMemoryLimit(container: Container): ContainerPart {
  const { resources = {} } = container;
  const { memory: _removed, ...limits } = resources.limits ?? {};
  return { ...container, resources: { ...resources, limits } };
}
