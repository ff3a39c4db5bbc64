import { changeContainers, deployment } from '../../_breaking/objects.ts';
import type { ContainerPart } from '../../_breaking/objects.ts';
import type { Container } from '../../../probes/kubernetes/objects.ts';
import type { ControlContext } from '../../harness/control.ts';

/** The Deployment that controls change. It is paused first, so that nothing is rolled out. */
const TARGET = deployment('edge', 'gateway');

export function changed(ctx: ControlContext, change: (container: Container) => ContainerPart): Promise<void> {
  return changeContainers(ctx, TARGET, change);
}
