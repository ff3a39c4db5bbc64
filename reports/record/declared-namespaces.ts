import { memberNamespace } from './facts/store-pods.ts';
import type { PodsDeclared } from './facts/store-pods.ts';

/** As much of an environment, or of a history's header, as says where its pods are. */
interface Declaring {
  readonly namespaces?:
    { readonly platform?: string | undefined; readonly edge?: string | undefined } | undefined;
  readonly topology?:
    { readonly workloads?: readonly { readonly namespace: string }[] | undefined } | undefined;
  readonly stores?: Readonly<Record<string, PodsDeclared | undefined>> | undefined;
  readonly ai?: { readonly deployment: { readonly namespace: string } } | undefined;
}

/** Namespaces of platform and edge, and every other one in which a workload, a member of a store or the AI service is declared. */
export function declaredNamespaces({ namespaces, topology, stores = {}, ai }: Declaring): string[] {
  const all = [
    namespaces?.platform,
    namespaces?.edge,
    ai?.deployment.namespace,
    ...(topology?.workloads ?? []).map(({ namespace }) => namespace),
    ...Object.values(stores).map((store) => (store === undefined ? null : memberNamespace(store))),
  ];
  return [...new Set(all.filter((one) => one !== undefined && one !== null))];
}
