import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { OF_THE_FAULT } from '../../_judge/evidence.ts';
import { acceptedRule, faultRule, canaryRequestsOf } from '../../_judge/observed.ts';
import { judged, shareVerdict, tracesEvidence } from '../../_judge/traces.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/traces/under-fault: as traces/complete, for requests accepted while a store was hit. */
function judgeTracesUnderFault(history: History): Judgement {
  const findings = new Findings(history);
  const canaries = canaryRequestsOf(history);
  faultRule(history, findings, canaries);
  acceptedRule(history, findings, canaries);
  return judged(history, findings, (followed) => shareVerdict(history, findings, followed));
}

export const judge: CheckJudge = {
  judge: judgeTracesUnderFault,
  evidence: (header) => [...tracesEvidence(header), ...OF_THE_FAULT],
  trial: true,
};
