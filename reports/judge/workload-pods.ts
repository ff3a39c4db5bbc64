/** How the pods of a declared workload are called. */
import type { HeaderSettings } from '../record/settings.ts';

type Workload = NonNullable<HeaderSettings['workloads']>[number];

/** The letters and digits of which Kubernetes makes names and hashes of templates. */
const SAFE = '[bcdfghjklmnpqrstvwxz2456789]';
const SUFFIXES: Readonly<Record<string, string>> = {
  StatefulSet: '\\d+',
  DaemonSet: `${SAFE}{5}`,
  Deployment: `${SAFE}+-${SAFE}{5}`,
};

/** How pods of a workload are named, so that `redis-sentinel-0` is none of `redis`. */
export function podPattern({ kind, namespace, name }: Pick<Workload, 'kind' | 'namespace' | 'name'>): RegExp {
  const literal = `${namespace}/${name}`.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal}-${SUFFIXES[kind] ?? '.+'}$`);
}
