/** What became of an object of the environment, as snapshots and the watch over a trial record it. */
import { z } from 'zod';

export const change = z.strictObject({
  kind: z.string(),
  /** Left out: it belongs to the cluster, such as a node. */
  namespace: z.string().optional(),
  name: z.string(),
  became: z.enum(['new', 'gone', 'terminating', 'changed']),
  /** Paths at which it changed, such as `spec.template.spec.containers[0].image`; `ready` of one that is not ready any more. */
  fields: z.array(z.string()).optional(),
  /** The same for people. Values stand there only where they can be no secret. */
  text: z.string(),
});
export type Change = z.infer<typeof change>;

/** Which object of the cluster. */
export type ObjectName = Pick<Change, 'kind' | 'namespace' | 'name'>;

/** As people read it: `Deployment edge/gateway`, `Node worker-1`. */
export function objectText({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
