import type { Fault } from './fault.ts';

/** For faults that act on a member from its node: in place where this machine holds the nodes, else from a privileged pod. */
export function needsNode(fault: string): Fault['refusal'] {
  return ({ embedded, nodeImage }) =>
    embedded === undefined && nodeImage === undefined
      ? `${fault} acts from the node, by a privileged pod, and no image is declared for it: drills.nodeImage`
      : null;
}
