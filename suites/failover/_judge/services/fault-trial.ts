/** What every trial with a fault in the platform needs as evidence, beside what its own check observes. */
import type { History, HistoryHeader } from '../../../../reports/record/history/history.ts';
import { gapRule } from '../../../../reports/record/rule.ts';
import type { Rule } from '../../../../reports/record/rule.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../../reports/judge/evidence/need.ts';
import { podNames } from '../../../../reports/judge/workload-pods.ts';
import { first, last } from '../../../../reports/judge/observed.ts';
import { faultGap } from '../coherence.ts';
import type { Prepared } from '../coherence.ts';

/** A fault that was proved. */
export function faultEvidence(): AnyNeed[] {
  return [
    need('steady', { where: ({ ok }) => ok, what: 'a steady target before the fault' }),
    need('fault-armed'),
    need('fault-acted'),
    need('fault-landed', { what: 'proof of the fault' }),
  ];
}

/** As `faultEvidence`, with requests whose schedule is known from beginning to end. */
export function requestEvidence(): AnyNeed[] {
  return [...faultEvidence(), need('client-load-start'), need('client-load-end')];
}

/** The fault's estimated and counted cost. A rolling restart has no error budget account. */
export function costEvidence({ check }: HistoryHeader): AnyNeed[] {
  if (check.endsWith('/rolling-restart')) return [];
  return [
    need('budget-estimate', { what: 'estimated cost of the fault' }),
    need('budget-spent', { what: 'counted cost of the fault' }),
  ];
}

/**
 * The fault hit what it was planned for.
 * @param prepared whether the fault is armed for the members that were prepared
 */
export function faultRule(history: History, prepared?: Prepared): Rule {
  // A rolling restart changes the pod template and hits no single member, so that unlike other faults it has one observation, `fault-armed`.
  const isRollout = first(history, 'fault-armed')?.fault === 'rolling-restart';
  const gap = (isRollout ? replacedGap(history) : faultGap(history, prepared)) ?? ofServiceGap(history);
  return gapRule('coherence/fault', gap, 'the fault was injected as it was armed');
}

/** What was hit is the service that the check is about, or a pod of it. */
function ofServiceGap(history: History): string | null {
  const deployment = serviceOf(history.header);
  const armed = first(history, 'fault-armed');
  if (deployment === undefined || armed === undefined) return null;
  const { namespace, name } = deployment;
  const isOwn = new RegExp(`^${podNames({ kind: 'Deployment', name })}$`);
  const { members, target } = armed;
  const strange = members.map((member) => member.name).filter((pod) => !isOwn.test(pod));
  if (members.length === 0 && !target.endsWith(` ${namespace}/${name}`)) strange.push(target);
  return strange.length === 0
    ? null
    : `the fault hit ${strange.join(', ')}, which is none of ${namespace}/${name}`;
}

type ObjectName = NonNullable<HistoryHeader['settings']['ai']>['deployment'];

function serviceOf({ check, settings: { topology, ai } }: HistoryHeader): ObjectName | undefined {
  if (check.startsWith('failover/ai/')) return ai?.deployment;
  return check.startsWith('failover/backend/') ? topology?.edge?.backend?.deployment : undefined;
}

/** As many pods were replaced as the Deployment has at least, and at most as many as it may have. */
function replacedGap(history: History): string | null {
  const done = last(history, 'rollout-done');
  if (done === undefined) return null;
  const target = first(history, 'fault-armed')?.target;
  const declared = history.header.settings.topology?.workloads?.find(
    ({ kind, namespace, name }) => `${kind} ${namespace}/${name}` === target,
  );
  const { min: least, max: most } = declared?.replicas ?? { min: 1, max: Infinity };
  return done.replaced >= least && done.replaced <= most
    ? null
    : `the rolling restart replaced ${done.replaced} pods, expected ${least} to ${most}`;
}
