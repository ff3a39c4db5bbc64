import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, list, number, seen, setting, text } from '../topology/findings.ts';

/** Goals of the catalogue, s. */
const ANSWER_SECONDS = 3;
const DEGRADED_SECONDS = 10;

/**
 * `integrations/llm`: drafts while the model answers, drafts while it is busy, broken or silent, and the model's token in the logs of the
 * platform. Each draft is held against its goal by itself: no quantile is claimed of so few (that is performance/ai).
 */
export function judgeLlm(history: History): Judgement {
  const found = new Findings(history);
  const answerMs = goalNumber(history, 'answerSeconds', ANSWER_SECONDS) * 1000;
  const degradedMs = goalNumber(history, 'degradedSeconds', DEGRADED_SECONDS) * 1000;
  if (setting(history, 'writes') === false) found.note('no draft was asked for: nothing may be written here');
  else {
    usualDrafts(history, found, answerMs);
    withoutModel(history, found, degradedMs);
  }
  keyInLogs(history, found);
  if (isStub(history)) found.note('the model is a stand-in');
  return found.conclude(
    `drafts within ${answerMs / 1000} s; without the model a degraded draft within ${degradedMs / 1000} s, no error; its token in no log`,
  );
}

function usualDrafts(history: History, found: Findings, goalMs: number): void {
  const expected = `a draft by the model within ${goalMs / 1000} s`;
  const drafts = seen(history, 'draft').filter((draft) => draft['model'] === 'usual');
  if (drafts.length === 0) {
    found.unknown('the model as it is', expected, skipped(history, 'usual'));
    return;
  }
  const times = drafts.map((draft) => number(draft, 'ms')).filter((ms) => Number.isFinite(ms));
  if (times.length > 0)
    found.figure({
      name: 'slowest draft',
      value: rounded(Math.max(...times) / 1000),
      unit: 's',
      goal: goalMs / 1000,
    });
  for (const [index, draft] of drafts.entries()) {
    const ok = isDraft(draft) && draft['degraded'] === false && number(draft, 'ms') <= goalMs;
    found.expect(`draft ${index + 1}`, ok, expected, describe(draft));
  }
}

/** What the spec makes of the model, in the order in which it does. */
const TROUBLES: readonly [string, string][] = [
  ['busy', 'the model answers 429'],
  ['broken', 'the model answers 500'],
  ['silent', 'the model does not answer'],
];

function withoutModel(history: History, found: Findings, goalMs: number): void {
  const expected = `a degraded draft within ${goalMs / 1000} s`;
  for (const [model, subject] of TROUBLES) {
    const drafts = seen(history, 'draft').filter((draft) => draft['model'] === model);
    if (drafts.length === 0) found.unknown(subject, expected, skipped(history, model));
    for (const draft of drafts) {
      const ok = isDraft(draft) && draft['degraded'] === true && number(draft, 'ms') <= goalMs;
      found.expect(subject, ok, expected, describe(draft));
    }
  }
}

function keyInLogs(history: History, found: Findings): void {
  const expected = "no line with the model's token";
  const scans = seen(history, 'key-scan');
  for (const failed of seen(history, 'key-scan-failed'))
    found.unknown('logs of the platform', expected, text(failed, 'reason'));
  if (scans.length === 0 && seen(history, 'key-scan-failed').length === 0)
    found.unknown('logs of the platform', expected, 'they were not looked at');
  for (const scan of scans) {
    const logs = number(scan, 'logs');
    found.figure({ name: 'logs that were read', value: logs });
    found.figure({ name: 'lines in them', value: number(scan, 'lines') });
    for (const where of list(scan, 'found') as { log: string; lines: number }[])
      found.expect(`log of ${where.log}`, false, expected, `${where.lines} of its lines hold it`);
    for (const where of list(scan, 'unread') as { log: string; reason: string }[])
      found.unknown(`log of ${where.log}`, expected, where.reason);
    for (const log of list(scan, 'cut') as string[])
      found.unknown(`log of ${log}`, expected, 'it is so long that only a part of it was read');
    if (logs === 0) found.unknown('logs of the platform', expected, 'there were none');
    else {
      const none = list(scan, 'found').length === 0;
      found.expect('logs of the platform', none, expected, none ? 'none in what was read' : 'see above');
    }
  }
}

/** Why there is no draft of this kind. */
function skipped(history: History, model: string): string {
  const why = seen(history, 'not-tried').find((one) => one['model'] === model);
  return why === undefined ? 'it was not tried' : text(why, 'reason');
}

/** An answer with a text; anything else is an error for who asked. */
function isDraft(draft: Observation): boolean {
  return draft['status'] === 200 && number(draft, 'characters') > 0;
}

function describe(draft: Observation): string {
  if (draft['status'] === undefined) return `no answer: ${text(draft, 'error')}`;
  const status = number(draft, 'status');
  const within = `after ${rounded(number(draft, 'ms') / 1000)} s`;
  if (status !== 200) return `status ${status} ${within}`;
  if (!(number(draft, 'characters') > 0)) return `an answer without a text ${within}`;
  return `${draft['degraded'] === true ? 'a degraded draft' : 'a draft by the model'} ${within}`;
}

function isStub({ header }: History): boolean {
  const { llm } = (header.settings['ai'] ?? {}) as { llm?: { stubbed?: boolean } };
  return llm?.stubbed === true;
}

const rounded = (value: number): number => Number(value.toFixed(2));
