import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { askedOf, isRolling, leastOf, ROLLING, seconds, seriesEvidence } from '../../_judge/metrics.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { jobOf } from '../../../../reports/record/telemetry/scrapes.ts';

/** telemetry/metrics/series: every required series is there now. */
function judgeSeries(history: History): Judgement {
  const findings = new Findings(history);
  for (const { selector, seen, askedMs, errorMs } of askedOf(history, findings)) {
    const subject = `series ${selector}`;
    const { lastMs, goneMs } = seen;
    const ahead = lastMs.some((one) => one > askedMs + errorMs || one < askedMs - LONGEST_MS - errorMs);
    if (lastMs.length > 0 && ahead)
      findings.unknown(subject, 'present', 'present, but with samples from the future or too long ago');
    else {
      const job = jobOf(selector);
      const least = job === null ? 1 : leastOf(history, job);
      const expected = least > 1 ? `present, of each of at least ${least} targets` : 'present';
      const gone =
        goneMs === null ? 'none' : `none now; the last sample is from ${seconds(askedMs - goneMs)} ago`;
      const said = lastMs.length > 0 ? `${lastMs.length} series` : gone;
      if (lastMs.length < least && isRolling(history, job))
        findings.unknown(subject, expected, `${said}, ${ROLLING}`);
      else findings.expect(subject, lastMs.length >= least, expected, said);
    }
  }
  return findings.conclude('every required series present');
}

/** Prometheus returns a series for five minutes after its last sample; twice that is allowed. */
const LONGEST_MS = 600_000;

export const judge: CheckJudge = { judge: judgeSeries, evidence: seriesEvidence };
