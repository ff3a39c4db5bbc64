import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, number, seen, text } from '../topology/findings.ts';
import { declaredOf } from './observed.ts';

/** telemetry/metrics/targets: every declared job has targets, and all of them answer. */
export function judgeTargets(history: History): Judgement {
  const findings = new Findings(history);
  const targets = seen(history, 'target');
  const read = seen(history, 'targets-read').length > 0;
  for (const job of read ? (declaredOf(history).required?.targets ?? []) : []) {
    const own = targets.filter((one) => text(one, 'job') === job);
    const down = own.filter((one) => text(one, 'health') !== 'up');
    const why = down.map((one) => `${text(one, 'url')}: ${text(one, 'lastError') || text(one, 'health')}`);
    const said = own.length === 0 ? 'no target' : `${own.length - down.length} of ${own.length} up`;
    const fresh = down.length > 0 && down.every((one) => text(one, 'health') === 'unknown');
    if (fresh)
      findings.unknown(`job ${job}`, 'every target up', `${said}; not scraped yet: ${why.join(', ')}`);
    else
      findings.expect(
        `job ${job}`,
        own.length > 0 && down.length === 0,
        'at least one target, every one up',
        [said, ...why].join('; '),
      );
  }
  findings.figure({ name: 'targets', value: targets.length });
  return findings.conclude('every declared target up');
}

/** telemetry/metrics/series: every required series is there now. */
export function judgeSeries(history: History): Judgement {
  const findings = new Findings(history);
  for (const one of seen(history, 'series-seen'))
    findings.expect(
      `series ${text(one, 'selector')}`,
      number(one, 'now') > 0,
      'present',
      number(one, 'now') > 0
        ? `${number(one, 'now')} series`
        : number(one, 'lately') > 0
          ? `none now, ${number(one, 'lately')} until ${seconds(number(one, 'ageMs'))} ago`
          : 'none',
    );
  return findings.conclude('every required series present');
}

/** telemetry/metrics/freshness: and none is older than so many scrapes. */
export function judgeFreshness(history: History): Judgement {
  const findings = new Findings(history);
  const most = goalNumber(history, 'maxScrapesOld', 2);
  const ages: number[] = [];
  for (const one of seen(history, 'series-seen')) {
    const age = typeof one['ageMs'] === 'number' ? one['ageMs'] : null;
    const limitMs = most * number(one, 'scrapeMs');
    if (age !== null) ages.push(age);
    findings.expect(
      `series ${text(one, 'selector')}`,
      age !== null && age <= limitMs,
      `a sample of the last ${seconds(limitMs)}`,
      age === null ? 'no sample lately' : `the last is of ${seconds(age)} ago`,
    );
  }
  findings.figure({ name: 'oldest', value: ages.length === 0 ? null : Math.max(...ages), unit: 'ms' });
  return findings.conclude(`every required series younger than ${most} scrapes`);
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
