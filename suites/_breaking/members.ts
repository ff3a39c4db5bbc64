/** The members of a store as controls reach them: their StatefulSet, their pods, and the container of the server. */
import type { StoreName } from '../../env/schema.ts';
import type { PodObject } from '../../probes/kubernetes/objects.ts';
import { isMemberPod } from '../../probes/store/member-pods.ts';
import { memberNamespace, memberSets } from '../../reports/record/facts/store-pods.ts';
import type { MemberSet } from '../../reports/record/facts/store-pods.ts';
import type { ControlContext } from '../harness/control.ts';
import type { ObjectRef } from '../harness/protocol.ts';
import { declaredStore } from './accounts.ts';

/** A pod as `ControlContext.exec` wants it. */
export interface PodRef {
  namespace: string;
  pod: string;
  container: string;
}

type Of = Pick<ControlContext, 'environment'>;

/** The StatefulSet whose pods are the members. @throws Error where several have them, or none */
export function memberSet(ctx: Of, store: StoreName): MemberSet {
  const [set, ...more] = memberSets(declaredStore(ctx, store));
  if (set === undefined || more.length > 0)
    throw new Error(`this control breaks a StatefulSet, and ${store} is not declared with one`);
  return set;
}

/** The same as an object of the API. @throws as `memberSet` */
export function memberSetRef(ctx: Of, store: StoreName): ObjectRef<'apps/v1', 'StatefulSet'> {
  const { namespace, name } = memberSet(ctx, store);
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name };
}

export async function memberPods(
  ctx: Of & Pick<ControlContext, 'list'>,
  store: StoreName,
): Promise<PodObject[]> {
  const declared = declaredStore(ctx, store);
  const namespace = memberNamespace(declared);
  if (namespace === null) return [];
  return (await ctx.list({ kind: 'v1/Pod', namespace })).filter((pod) => isMemberPod(pod, declared));
}

/** The container of the server in one of its pods. @throws Error for an address without pods */
export function serverIn(ctx: Of, store: StoreName, pod: string): PodRef {
  const declared = declaredStore(ctx, store);
  const namespace = memberNamespace(declared);
  const { container } = declared;
  if (namespace === null || container === undefined) throw new Error(`${store} is declared without pods`);
  return { namespace, pod, container };
}
