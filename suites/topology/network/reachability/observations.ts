/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { FAMILIES, reached, reachedPage } from '../../../../reports/record/observations/topology.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** The nodes to probe between: all nodes, or a sample. */
  'reach-plan': { nodes: z.array(z.string()) },
  /** Families of the addresses of the pod on a node, its own first; only where it has more than one. */
  'reach-families': { node: z.string(), families: z.array(z.enum(FAMILIES)) },
  'reach-service': reachedPage,
  /** Pages of a pod that were asked for at once, after all else; `family` as of a `reach-pair`. */
  'reach-burst': {
    from: z.string(),
    to: z.string(),
    asked: z.int(),
    lost: z.int(),
    detail: z.string(),
    family: z.enum(FAMILIES).optional(),
  },
  'reach-dns': reached,
  /** A declared name outside of the cluster, asked of the cluster DNS. */
  'reach-outside': { ...reached, name: z.string() },
  /**
   * The DaemonSet of the declared plugin, and the nodes on which its pod is not ready, or which lack one; left out: pods or nodes could not be
   * listed.
   */
  'cni-daemonset': { ready: z.int(), wanted: z.int(), unready: z.array(z.string()).optional() },
  /** The address that the plugin gave to our own pod on a node. */
  'pod-address': { node: z.string(), ip: z.string(), podCidrs: z.array(z.string()) },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
