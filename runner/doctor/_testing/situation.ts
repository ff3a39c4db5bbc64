/** For unit tests only: what those who look at things are given, over an API server of the test. */
import type { Environment } from '../../../env/schema.ts';
import { planChecks } from '../../../suites/catalogue/index.ts';
import type { Selection } from '../../../suites/catalogue/index.ts';
import type { KubeCall } from '../../provider-safety.ts';
import { StoreTargets } from '../../targets/store-target.ts';
import type { Reached, Situation } from '../item.ts';
import type { Grain } from '../roles.ts';

/** @param kube null: the cluster was not reached */
export function situationOf(
  environment: Environment,
  kube: KubeCall | null,
  selection: Selection = {},
): Situation {
  const planned = planChecks(environment, selection);
  return {
    environment,
    planned,
    running: planned.filter(({ notRun }) => notRun === null),
    wholeProfile: selection.profile !== undefined,
    reached: kube === null ? null : reachedBy(environment, kube),
    deadlineMs: 2_000,
    signal: AbortSignal.timeout(60_000),
  };
}

/** A cluster without objects, but for what `kube` answers. */
function reachedBy(environment: Environment, kube: KubeCall): Reached {
  const cluster = {
    authority: () => null,
    list: () => Promise.resolve({ items: [] }),
    client: { transport: { server: 'https://127.0.0.1:1', config: { getCurrentCluster: () => null } } },
  } as unknown as Reached['cluster'];
  return { cluster, kube, stores: new StoreTargets(environment, cluster) };
}

/** A SelfSubjectAccessReview. */
export interface Review {
  spec: {
    resourceAttributes?: Record<'verb' | 'resource', string> &
      Partial<Record<'namespace' | 'group' | 'subresource' | 'name', string>>;
    nonResourceAttributes?: { path: string; verb: string };
  };
}

/** An API server that answers reviews of the caller's own rights alone, and remembers what it was asked for. */
export function granting(allows: (asked: Grain) => boolean): { kube: KubeCall; asked: Grain[] } {
  const asked: Grain[] = [];
  const kube: KubeCall = ({ method, path, body }) => {
    if (method !== 'POST' || !path.endsWith('/selfsubjectaccessreviews'))
      return Promise.reject(new Error(`not expected: ${method} ${path}`));
    const grain = grainOf((body as Review).spec);
    asked.push(grain);
    return Promise.resolve({ status: 201, body: { status: { allowed: allows(grain) } } });
  };
  return { kube, asked };
}

/** What it asks for. */
export function grainOf({ resourceAttributes, nonResourceAttributes }: Review['spec']): Grain {
  if (resourceAttributes === undefined) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {};
    return { verb, group: '', resource: path, namespace: '', name: '' };
  }
  // An API server leaves empty texts out.
  const { subresource, name = '', resource, verb, group = '', namespace = '' } = resourceAttributes;
  return {
    verb,
    group,
    namespace,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    name,
  };
}
