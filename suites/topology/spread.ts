import type { CheckContext } from '../harness/check.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { podsOf } from './declared.ts';
import type { Found } from './declared.ts';
import { selects } from './shapes.ts';
import type { PodObject } from './shapes.ts';

/** Which pod of a workload runs where; pods without a node are left out. */
export function recordPlacement(ctx: CheckContext, found: Found, pods: readonly PodObject[]): void {
  const placed = podsOf(found, pods).flatMap(({ metadata, spec }) =>
    spec.nodeName === undefined ? [] : [{ name: metadata.name, node: spec.nodeName }],
  );
  ctx.record('placement', { workload: found.name, pods: placed });
}

interface Budget extends KubeObject {
  spec: { selector?: { matchLabels?: Record<string, string> } };
  status?: { expectedPods?: number; desiredHealthy?: number };
}

/** Every disruption budget that selects the workload's pods, as the disruption controller has counted it. */
export function recordBudgets(ctx: CheckContext, found: Found, budgets: readonly KubeObject[]): void {
  const labels = found.object?.spec.template.metadata?.labels ?? {};
  for (const budget of budgets as Budget[]) {
    const { name, namespace } = budget.metadata;
    if (namespace !== found.workload.namespace || !selects(budget.spec.selector, labels)) continue;
    const { expectedPods, desiredHealthy } = budget.status ?? {};
    ctx.record('budget', { workload: found.name, name, expectedPods, desiredHealthy });
  }
}
