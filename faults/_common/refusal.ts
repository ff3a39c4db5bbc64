import type { Fault } from './fault.ts';

/**
 * For faults that act on a member from its node. In the embedded environment this machine holds the nodes; elsewhere a privileged pod
 * is needed.
 */
export function needsNode(fault: string): Fault['refusal'] {
  return ({ embedded, nodeImage }) =>
    embedded === undefined && nodeImage === undefined
      ? `${fault} needs a privileged pod on the node, but drills.nodeImage declares no image for that pod`
      : null;
}
