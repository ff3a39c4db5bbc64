import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { goalOf, canaryRequestsOf, unansweredText } from '../../_judge/observed.ts';
import { isBad, judged, tracesEvidence } from '../../_judge/traces.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/traces/canary: each of a few requests is answered well and has one complete trace in time. */
function judgeTraces(history: History): Judgement {
  const findings = new Findings(history);
  return judged(history, findings, (followed) => {
    const bad = followed.filter(isBad);
    const allowed = goalOf(history.header, 'missing');
    if (bad.length > allowed) return 'fail';
    const canaries = canaryRequestsOf(history);
    const sent = canaries.length;
    if (followed.length < sent)
      findings.unknown(
        'canary requests',
        'all of them answered well',
        `${followed.length} of ${sent}: ${unansweredText(canaries)}`,
      );
    return followed.some(({ coming }) => coming !== 'in time' && coming !== 'late') ? 'inconclusive' : 'pass';
  });
}

export const judge: CheckJudge = {
  judge: judgeTraces,
  evidence: tracesEvidence,
};
