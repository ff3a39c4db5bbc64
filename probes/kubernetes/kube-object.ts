/** The fields that objects of all kinds have. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
    creationTimestamp?: string;
    deletionTimestamp?: string;
    resourceVersion?: string;
    generation?: number;
  };
  [field: string]: unknown;
}

/** `namespace/name`; of what belongs to the cluster, `/name`. */
export function namespacedName({
  metadata: { namespace = '', name },
}: {
  metadata: { namespace?: string | undefined; name: string };
}): string {
  return `${namespace}/${name}`;
}
