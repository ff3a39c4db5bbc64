import type { Judgement } from '../../../reports/record/judgement.ts';

/**
 * Leads from what failed to the key of the environment file that lets it off; a workload that is not there has none.
 * @param of subjects that the key can let off
 */
export function withException(judgement: Judgement, { of, key }: { of: RegExp; key: string }): Judgement {
  const { verdict, reason, findings } = judgement;
  if (verdict !== 'fail' || !findings.some(({ subject }) => of.test(subject))) return judgement;
  return { ...judgement, reason: `${reason} (${key})` };
}

/** Of containers, one by one. */
export const OF_CONTAINERS = {
  of: / container /,
  key: 'an exception with a reason: topology.workloads[].exempt',
};
