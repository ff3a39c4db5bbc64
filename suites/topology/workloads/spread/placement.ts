import type { BudgetObject } from '../../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { podsOf } from '../../_objects/declared.ts';
import type { Found } from '../../_objects/declared.ts';
import { isMemberPod } from '../../../../probes/store/member-pods.ts';
import {
  isPodOfSet,
  memberAlone,
  membersApart,
  setsOfOne,
} from '../../../../reports/record/facts/store-pods.ts';
import { selects } from '../../../../probes/kubernetes/label-selector.ts';
import { countsOf } from '../../_objects/shapes.ts';
import type { PodObject } from '../../_objects/shapes.ts';

export interface Spread {
  pods: readonly PodObject[];
  budgets: readonly BudgetObject[];
}

/**
 * Records the node of each scheduled pod of a workload, and every disruption budget that selects its pods, with the numbers of the
 * disruption controller.
 */
export function recordSpread(ctx: CheckContext, found: Found, { pods, budgets }: Spread): void {
  if (found.workload.kind === 'DaemonSet' || found.workload.replicas.max < 2) return;
  const placed = podsOf(found, pods).flatMap(placeOf);
  const own = budgets.filter((budget) => selectsPodsOf(budget, found));
  ctx.record('placement', {
    workload: found.name,
    pods: placed,
    wanted: found.object === undefined ? null : countsOf(found.object).wanted,
  });
  for (const { metadata, status = {} } of own) {
    const { expectedPods = null, desiredHealthy = null } = status;
    ctx.record('budget', { workload: found.name, name: metadata.name, expectedPods, desiredHealthy });
  }
}

/** Records which workloads of one replica a disruption budget takes together: of one replica alone there is no spread. */
export function recordShared(
  ctx: CheckContext,
  found: readonly Found[],
  budgets: readonly BudgetObject[],
): void {
  const ones = found.filter(({ workload: { kind, replicas } }) => kind !== 'DaemonSet' && replicas.max === 1);
  for (const budget of budgets) {
    const own = ones.filter((one) => selectsPodsOf(budget, one));
    if (own.length < 2) continue;
    const { namespace = '', name } = budget.metadata;
    ctx.record('shared-budget', {
      budget: `${namespace}/${name}`,
      workloads: own.map((one) => one.name),
    });
  }
}

/** Records the node of each scheduled member of a store of which no workload has two; of all members where one alone has a StatefulSet of its own. */
export function recordMembers(ctx: CheckContext, pods: readonly PodObject[]): void {
  for (const [store, declared] of Object.entries(ctx.settings.stores)) {
    const beside = memberAlone(declared) !== null;
    if (membersApart(declared) === 0 && !beside) continue;
    const placed = pods
      .filter((pod) => isMemberPod(pod, declared) && pod.metadata.deletionTimestamp === undefined)
      .filter(
        ({ metadata: { name } }) =>
          declared.pods !== undefined || beside || setsOfOne(declared).some((set) => isPodOfSet(name, set)),
      )
      .flatMap(placeOf);
    ctx.record('members-placed', { store, pods: placed });
  }
}

function placeOf({ metadata, spec }: PodObject): { name: string; node: string }[] {
  return spec.nodeName === undefined ? [] : [{ name: metadata.name, node: spec.nodeName }];
}

function selectsPodsOf({ metadata, spec }: BudgetObject, { object, workload }: Found): boolean {
  const labels = object?.spec.template.metadata?.labels;
  return object !== undefined && metadata.namespace === workload.namespace && selects(spec.selector, labels);
}
