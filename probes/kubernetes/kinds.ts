/** A kind of object, with what its URL path needs. */
export interface Kind {
  /** `v1`, `apps/v1` … */
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
}

/** Cluster-scoped kinds and irregular plurals that Plumbline reads; everything else follows the rule below. */
const CLUSTER_SCOPED = new Set([
  'Node',
  'Namespace',
  'PersistentVolume',
  'StorageClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'IngressClass',
  'PriorityClass',
  'CustomResourceDefinition',
  'APIService',
  'CSINode',
  'CSIDriver',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

/**
 * @param text `v1/Pod`, `apps/v1/StatefulSet`, `discovery.k8s.io/v1/EndpointSlice`
 * @throws Error for text of another form
 */
export function kindOf(text: string): Kind {
  const cut = text.lastIndexOf('/');
  const kind = text.slice(cut + 1);
  if (cut < 1 || !/^[A-Z][A-Za-z]+$/.test(kind)) {
    throw new Error(
      `kind "${text}": expected version/Kind or group/version/Kind, such as v1/Pod or apps/v1/StatefulSet`,
    );
  }
  return {
    apiVersion: text.slice(0, cut),
    kind,
    plural: pluralOf(kind),
    namespaced: !CLUSTER_SCOPED.has(kind),
  };
}

/** `v1/Pod` of an object or of a reference to one. */
export function kindText(object: { apiVersion: string; kind: string }): string {
  return `${object.apiVersion}/${object.kind}`;
}

/** The path of a collection or, with a name, of one object. */
export function pathOf(
  kind: Kind,
  where: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope =
    kind.namespaced && where.namespace ? `/namespaces/${encodeURIComponent(where.namespace)}` : '';
  const name = where.name === undefined ? '' : `/${encodeURIComponent(where.name)}`;
  const sub = where.subresource === undefined ? '' : `/${where.subresource}`;
  return `${root}${scope}/${kind.plural}${name}${sub}`;
}

function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === 'endpoints') return lower;
  if (/(?:s|x|ch|sh)$/.test(lower)) return `${lower}es`;
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`;
  return `${lower}s`;
}
