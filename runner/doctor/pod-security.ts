/**
 * Pod security admission: what a namespace lets in (Kubernetes, "Pod Security Standards": privileged lets in everything, baseline no host namespaces,
 * host paths or privileged containers, restricted only pods that say that they want no rights).
 */
export const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** From the most that may be let in to the least. */
const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
type Level = (typeof LEVELS)[number];

/** The least strict level that pods need, and what they are. */
export interface Admission {
  level: Level;
  why: string;
}

/** Whether a namespace with this level refuses them. A level that is not known is none that the API server takes. */
export function refuses(level: string, needed: Admission): boolean {
  const strict = LEVELS.findIndex((one) => one === level);
  return strict > LEVELS.indexOf(needed.level);
}

export const labelCommand = (namespace: string, { level }: Admission): string =>
  `kubectl label namespace ${namespace} ${ENFORCE}=${level} --overwrite   # as an administrator`;
