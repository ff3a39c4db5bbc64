import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { acceptedRule, canaryRequestsOf } from '../../_judge/observed.ts';
import { judged, shareVerdict, tracesEvidence } from '../../_judge/traces.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/traces/complete: the share of complete traces meets its goal, with enough samples to show it. */
function judgeComplete(history: History): Judgement {
  const findings = new Findings(history);
  acceptedRule(history, findings, canaryRequestsOf(history));
  findings.note(
    'canary requests carry the flag `sampled`: whether requests of users are sampled was not judged',
  );
  return judged(history, findings, (followed) => shareVerdict(history, findings, followed));
}

export const judge: CheckJudge = {
  judge: judgeComplete,
  evidence: tracesEvidence,
};
