/** What every trial with a fault in the platform needs as evidence, beside what its own check observes. */
import type { History, HistoryHeader } from '../../../../reports/record/history/history.ts';
import { gapRule } from '../../../../reports/record/rule.ts';
import type { Rule } from '../../../../reports/record/rule.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../../reports/judge/evidence/need.ts';
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
  const gap = isRollout ? replacedGap(history) : faultGap(history, prepared);
  return gapRule('coherence/fault', gap, 'the fault was injected as it was armed');
}

/** At least one pod was replaced, and at most as many as the Deployment may have. */
function replacedGap(history: History): string | null {
  const done = last(history, 'rollout-done');
  if (done === undefined) return null;
  const target = first(history, 'fault-armed')?.target;
  const declared = history.header.settings.topology?.workloads?.find(
    ({ kind, namespace, name }) => `${kind} ${namespace}/${name}` === target,
  );
  const most = declared?.replicas.max ?? Infinity;
  return done.replaced >= 1 && done.replaced <= most
    ? null
    : `the rolling restart replaced ${done.replaced} pods, expected 1 to ${most}`;
}
