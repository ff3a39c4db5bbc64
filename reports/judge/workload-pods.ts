/** How the pods of a declared workload are named. */
import type { DeclaredWorkload } from './topology/declared.ts';

/** The characters that Kubernetes uses for generated names and template hashes. */
const SAFE = '[bcdfghjklmnpqrstvwxz2456789]';
const SUFFIXES: Readonly<Record<string, string>> = {
  StatefulSet: '\\d+',
  DaemonSet: `${SAFE}{5}`,
  Deployment: `${SAFE}+-${SAFE}{5}`,
};

/** Matches the pods of a workload only: `redis-sentinel-0` is not one of `redis`. */
export function podPattern({
  kind,
  namespace,
  name,
}: Pick<DeclaredWorkload, 'kind' | 'namespace' | 'name'>): RegExp {
  const literal = `${namespace}/${name}`.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal}-${SUFFIXES[kind] ?? '.+'}$`);
}
