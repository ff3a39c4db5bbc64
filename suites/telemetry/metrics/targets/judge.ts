import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { isRolling, leastOf, ROLLING } from '../../_judge/metrics.ts';
import { declaredOf } from '../../_judge/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/metrics/targets: every declared job has targets, and all of them answer. */
function judgeTargets(history: History): Judgement {
  const findings = new Findings(history);
  const targets = all(history, 'scrape-target');
  for (const job of declaredOf(history.header).required?.targets ?? []) jobFinding(history, findings, job);
  findings.figure({ name: 'targets', value: targets.length });
  return findings.conclude('every declared target up');
}

function jobFinding(history: History, findings: Findings, job: string): void {
  const own = all(history, 'scrape-target').filter((one) => one.job === job);
  const subject = `job ${job}`;
  const least = leastOf(history, job);
  const expected =
    least > 1 ? `at least ${least} targets, every one up` : 'at least one target, every one up';
  findings.rule('targets');
  if (!all(history, 'scrape-job').some((one) => one.job === job)) {
    findings.unknown(subject, expected, 'its targets were not read');
    return;
  }
  const addresses = new Set(own.map(({ url }) => url)).size;
  const down = own.filter(({ health }) => health !== 'up');
  const why = down.map(({ url, lastError, health }) => `${url}: ${lastError || health}`);
  const said = own.length === 0 ? 'no target' : `${own.length - down.length} of ${own.length} up`;
  const fresh = down.length > 0 && down.every(({ health }) => health === 'unknown');
  if (fresh) findings.unknown(subject, 'every target up', `${said}; not scraped yet: ${why.join(', ')}`);
  else if (addresses >= least && down.length === 0) findings.expect(subject, true, expected, said);
  else if (isRolling(history, job)) findings.unknown(subject, expected, [said, ...why, ROLLING].join('; '));
  else findings.expect(subject, false, expected, [said, ...why].join('; '));
}

export const judge: CheckJudge = {
  judge: judgeTargets,
  evidence: (header) => [
    need('scrape-job', { subjects: declaredOf(header).required?.targets ?? [], of: ({ job }) => job }),
  ],
};
