import { changeContainers, deployment } from '../../_breaking/objects.ts';
import type { ContainerPart } from '../../_breaking/objects.ts';
import type { Container } from '../../../probes/kubernetes/objects.ts';
import type { ControlContext } from '../../harness/control.ts';

/** A Deployment of the platform whose declaration is changed while it is paused: nothing is rolled out. */
const TARGET = deployment('edge', 'gateway');

export function changed(ctx: ControlContext, change: (container: Container) => ContainerPart): Promise<void> {
  return changeContainers(ctx, TARGET, change);
}
