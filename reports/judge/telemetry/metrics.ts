import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import { Findings } from '../topology/findings.ts';
import { offsetsOf, timesRule, wallOf } from './clocks.ts';
import type { Offset } from './clocks.ts';
import { declaredOf, goalOf } from './observed.ts';

/** telemetry/metrics/targets: every declared job has targets, and all of them answer. */
export function judgeTargets(history: History): Judgement {
  const findings = new Findings(history);
  const targets = all(history, 'scrape-target');
  for (const job of declaredOf(history.header).required?.targets ?? []) jobFinding(history, findings, job);
  findings.figure({ name: 'targets', value: targets.length });
  return findings.conclude('every declared target up');
}

function jobFinding(history: History, findings: Findings, job: string): void {
  const own = all(history, 'scrape-target').filter((one) => one.job === job);
  const subject = `job ${job}`;
  const expected = 'at least one target, every one up';
  findings.rule('targets');
  const [read, twice] = all(history, 'scrape-job').filter((one) => one.job === job);
  if (read === undefined || twice !== undefined || read.targets !== own.length) {
    const said = read === undefined ? 'it was not asked for' : `${own.length} targets of ${read.targets}`;
    findings.unknown(subject, expected, said);
    return;
  }
  if (own.some(({ t }) => countedAfter(history, t) !== job)) {
    findings.unknown(subject, expected, 'a target is told of it that stands among those of another');
    return;
  }
  const down = own.filter(({ health }) => health !== 'up');
  const why = down.map(({ url, lastError, health }) => `${url}: ${lastError || health}`);
  const said = own.length === 0 ? 'no target' : `${own.length - down.length} of ${own.length} up`;
  const fresh = down.length > 0 && down.every(({ health }) => health === 'unknown');
  if (fresh) findings.unknown(subject, 'every target up', `${said}; not scraped yet: ${why.join(', ')}`);
  else findings.expect(subject, own.length > 0 && down.length === 0, expected, [said, ...why].join('; '));
}

/** The job whose count was written next: targets of a job are written down before how many they are, job by job. */
function countedAfter(history: History, t: number): string | undefined {
  return all(history, 'scrape-job')
    .toSorted((a, b) => a.t - b.t)
    .find((one) => one.t >= t)?.job;
}

interface Asked {
  selector: string;
  /** What was seen of it, once. */
  seen: Seen<'series-seen'>;
  /** When it was asked, by the clock of Prometheus; by that of the harness where the other is not known. */
  askedMs: number;
  errorMs: number;
}

/** Each required selector was asked for once. Samples are as old as the clock of Prometheus says, and none is of its future. */
function askedOf(history: History, findings: Findings): Asked[] {
  const clock = offsetsOf(history, findings, [PROMETHEUS]).get(PROMETHEUS) ?? null;
  const seen = all(history, 'series-seen');
  timesRule(history, findings, [{ kind: 'series-seen', own: seen.map(({ askedMs }) => askedMs) }]);
  findings.rule('series');
  return (declaredOf(history.header).required?.series ?? []).flatMap((selector) => {
    const [one, twice] = seen.filter((each) => each.selector === selector);
    const why = oddOf(one, twice);
    if (one !== undefined && why === null) return [askedAt(history, one, clock)];
    findings.unknown(`series ${selector}`, 'asked for once, and what was asked for', why ?? '');
    return [];
  });
}

/** Why an answer cannot be used; null: it can. */
function oddOf(one: Seen<'series-seen'> | undefined, twice: Seen<'series-seen'> | undefined): string | null {
  if (one === undefined || twice !== undefined) return one === undefined ? 'it was not' : 'it was twice';
  const { example, selector, lastMs } = one;
  const expected = lastMs.length > 0 ? selector : null;
  return example === expected ? null : `found ${example ?? 'nothing'}`;
}

const PROMETHEUS = 'Prometheus';

function askedAt(history: History, seen: Seen<'series-seen'>, clock: Offset | null): Asked {
  // The answers to both questions came before it was written.
  const tookMs = Math.max(0, wallOf(history, seen.t) - seen.askedMs);
  const { offsetMs, errorMs } = clock ?? { offsetMs: 0, errorMs: Infinity };
  return { selector: seen.selector, seen, askedMs: seen.askedMs + offsetMs, errorMs: errorMs + tookMs };
}

/** telemetry/metrics/series: every required series is there now. */
export function judgeSeries(history: History): Judgement {
  const findings = new Findings(history);
  for (const { selector, seen, askedMs, errorMs } of askedOf(history, findings)) {
    const subject = `series ${selector}`;
    const { lastMs, goneMs } = seen;
    const ahead = lastMs.some((one) => one > askedMs + errorMs || one < askedMs - LONGEST_MS - errorMs);
    if (lastMs.length > 0 && ahead) findings.unknown(subject, 'present', 'with samples of other times');
    else if (lastMs.length > 0) findings.expect(subject, true, 'present', `${lastMs.length} series`);
    else {
      const gone =
        goneMs === null ? 'none' : `none now, those of lately until ${seconds(askedMs - goneMs)} ago`;
      findings.expect(subject, false, 'present', gone);
    }
  }
  return findings.conclude('every required series present');
}

/** Prometheus takes a series for there for five minutes after its last sample. */
const LONGEST_MS = 600_000;

/** telemetry/metrics/freshness: and none is older than so many scrapes. */
export function judgeFreshness(history: History): Judgement {
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

/** What is as old as the limit, as exactly as the clock of Prometheus is known, is neither. */
function ageFinding(
  findings: Findings,
  { selector, ages, limitMs, errorMs }: Asked & { ages: number[]; limitMs: number },
): void {
  const subject = `series ${selector}`;
  const expected = `a sample of the last ${seconds(limitMs)}`;
  const oldest = Math.max(...ages);
  const said = `the last is of ${seconds(oldest)} ago`;
  if (ages.length === 0) findings.expect(subject, false, expected, 'no sample lately');
  else if (Math.min(...ages) < -errorMs) findings.unknown(subject, expected, 'a sample of the future');
  else if (oldest > limitMs + errorMs) findings.inTime(subject, false, expected, said);
  else if (oldest > limitMs - errorMs)
    findings.unknown(subject, expected, `${said}, give or take ${seconds(errorMs)}`);
  else findings.expect(subject, true, expected, said);
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
