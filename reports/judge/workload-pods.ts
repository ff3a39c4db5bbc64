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
export function podPattern(workload: Pick<DeclaredWorkload, 'kind' | 'namespace' | 'name'>): RegExp {
  return new RegExp(`^${literal(workload.namespace)}/${podNames(workload)}$`);
}

/** The names of its pods as a regular expression, also for RE2. */
export function podNames({ kind, name }: Pick<DeclaredWorkload, 'kind' | 'name'>): string {
  return `${literal(name)}-${SUFFIXES[kind] ?? '.+'}`;
}

/** A regular expression of exactly this text. */
export const literal = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
