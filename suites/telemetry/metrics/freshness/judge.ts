import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { askedOf, seconds, seriesEvidence } from '../../../../reports/judge/telemetry/metrics.ts';
import type { Asked } from '../../../../reports/judge/telemetry/metrics.ts';
import { goalOf } from '../../../../reports/judge/telemetry/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/metrics/freshness: as metrics/series, and no sample is older than so many scrapes. */
function judgeFreshness(history: History): Judgement {
  const findings = new Findings(history);
  const most = goalOf(history.header, 'maxScrapesOld');
  const limitMs = most * scrapeMsOf(history);
  const ages: number[] = [];
  for (const one of askedOf(history, findings)) {
    const { seen, askedMs, errorMs } = one;
    const times = seen.lastMs.length > 0 ? seen.lastMs : seen.goneMs === null ? [] : [seen.goneMs];
    const all = times.map((lastMs) => askedMs - lastMs);
    ages.push(...all);
    ageFinding(findings, { ...one, ages: all, limitMs, errorMs });
  }
  findings.figure({ name: 'oldest', value: ages.length === 0 ? null : Math.max(...ages), unit: 'ms' });
  return findings.conclude(`every required series younger than ${most} scrapes`);
}

function scrapeMsOf({ header: { settings } }: History): number {
  if (settings.prometheus === undefined)
    throw new Error("the history's header has no prometheus.scrapeSeconds");
  return settings.prometheus.scrapeSeconds * 1000;
}

/** An age within the clock's error of the limit is neither met nor missed. */
function ageFinding(
  findings: Findings,
  { selector, ages, limitMs, errorMs }: Asked & { ages: number[]; limitMs: number },
): void {
  const subject = `series ${selector}`;
  const expected = `a sample of the last ${seconds(limitMs)}`;
  const oldest = Math.max(...ages);
  const said = `the last sample is from ${seconds(oldest)} ago`;
  if (ages.length === 0) findings.expect(subject, false, expected, 'no recent sample');
  else if (Math.min(...ages) < -errorMs) findings.unknown(subject, expected, 'a sample from the future');
  else if (oldest > limitMs + errorMs) findings.inTime(subject, false, expected, said);
  else if (oldest > limitMs - errorMs)
    findings.unknown(subject, expected, `${said}, give or take ${seconds(errorMs)}`);
  else findings.expect(subject, true, expected, said);
}

export const judge: CheckJudge = { judge: judgeFreshness, evidence: seriesEvidence, annotations: {} };
