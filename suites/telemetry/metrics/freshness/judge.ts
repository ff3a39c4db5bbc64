import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { askedOf, seconds, seriesEvidence } from '../../_judge/metrics.ts';
import type { Asked } from '../../_judge/metrics.ts';
import { goalOf } from '../../_judge/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/** telemetry/metrics/freshness: as metrics/series, and no sample is older than so many scrapes. */
function judgeFreshness(history: History): Judgement {
  const findings = new Findings(history);
  const most = goalOf(history.header, 'maxScrapesOld');
  const scrapeMs = scrapeMsOf(history);
  const ages: number[] = [];
  for (const one of askedOf(history, findings)) {
    const { seen, askedMs, errorMs } = one;
    const times = seen.lastMs.length > 0 ? seen.lastMs : seen.goneMs === null ? [] : [seen.goneMs];
    // A target may be scraped less often than others: its own interval counts then.
    const all = times.map((lastMs, at) => ({
      ageMs: askedMs - lastMs,
      limitMs: most * Math.max(scrapeMs, seen.everyMs[at] ?? 0),
    }));
    ages.push(...all.map(({ ageMs }) => ageMs));
    ageFinding(findings, { ...one, ages: all, limitMs: most * scrapeMs, errorMs });
  }
  findings.figure({ name: 'oldest', value: ages.length === 0 ? null : Math.max(...ages), unit: 'ms' });
  return findings.conclude(`every required series younger than ${most} scrapes`);
}

function scrapeMsOf({ header: { settings } }: History): number {
  if (settings.prometheus === undefined)
    throw new Error("the history's header has no prometheus.scrapeSeconds");
  return settings.prometheus.scrapeSeconds * 1000;
}

interface Age {
  ageMs: number;
  /** By the interval at which the series is scraped. */
  limitMs: number;
}

/** An age within the clock's error of the limit is neither met nor missed. */
function ageFinding(findings: Findings, of: Asked & { ages: readonly Age[]; limitMs: number }): void {
  const { selector, ages, errorMs } = of;
  const subject = `series ${selector}`;
  const [worst] = ages.toSorted((a, b) => b.ageMs - b.limitMs - (a.ageMs - a.limitMs));
  const { ageMs: oldest, limitMs } = worst ?? { ageMs: Infinity, limitMs: of.limitMs };
  const expected = `a sample of the last ${seconds(limitMs)}`;
  const said = `the last sample is from ${seconds(oldest)} ago`;
  if (worst === undefined) findings.expect(subject, false, expected, 'no recent sample');
  else if (ages.some(({ ageMs }) => ageMs < -errorMs))
    findings.unknown(subject, expected, 'a sample from the future');
  else if (oldest > limitMs + errorMs) findings.inTime(subject, false, expected, said);
  else if (oldest > limitMs - errorMs)
    findings.unknown(subject, expected, `${said}, give or take ${seconds(errorMs)}`);
  else findings.expect(subject, true, expected, said);
}

export const judge: CheckJudge = { judge: judgeFreshness, evidence: seriesEvidence };
