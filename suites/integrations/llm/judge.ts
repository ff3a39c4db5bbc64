import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { all } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import { REFUSAL_TEXTS, refusalIn, refusalOf } from '../../../reports/record/refusals.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { MODELS, USUAL_DRAFTS } from '../../../reports/record/observations/integrations.ts';

type Trouble = Exclude<(typeof MODELS)[number], 'usual'>;

const TROUBLES: Record<Trouble, string> = {
  busy: 'the model answers 429',
  broken: 'the model answers 500',
  silent: 'the model does not answer',
};

const TROUBLED = MODELS.filter((model) => model !== 'usual');

function llmEvidence(): AnyNeed[] {
  return [
    need('draft', {
      count: USUAL_DRAFTS,
      where: ({ model }) => model === 'usual',
      what: 'drafts while the model answers as usual',
    }),
    need('draft', {
      subjects: TROUBLED.map((state) => `a ${state} model`),
      of: ({ model }) => `a ${model} model`,
      what: 'drafts in the state',
    }),
  ];
}

/**
 * `integrations/llm`: drafts while the model answers, and while it is busy, broken or silent. Each draft is compared with its goal: so few
 * support no quantile (performance/ai claims one).
 */
function judgeLlm(history: History): Judgement {
  const found = new Findings(history);
  const { answerSeconds, degradedSeconds } = history.header.goals;
  if (answerSeconds === undefined || degradedSeconds === undefined)
    found
      .rule('goals')
      .unknown('goals', 'answerSeconds and degradedSeconds', 'the history lacks at least one of them');
  else {
    usualDrafts(history, found, answerSeconds);
    withoutModel(history, found, degradedSeconds);
  }
  if (isStub(history.header)) found.note('the model is a stand-in');
  return found.conclude(
    `drafts within ${answerSeconds ?? '?'} s; without the model a degraded draft within ${degradedSeconds ?? '?'} s, no error`,
  );
}

function usualDrafts(history: History, found: Findings, goalS: number): void {
  found.rule('drafts');
  const expected = `a draft by the model within ${goalS} s`;
  const drafts = all(history, 'draft').filter(({ model }) => model === 'usual');
  if (drafts.length === 0) found.unknown('the model answers as usual', expected, skipped(history, 'usual'));
  const times = drafts.filter(({ status }) => status !== null).map(secondsOf);
  if (times.length > 0)
    found.figure({ name: 'slowest draft', value: rounded(Math.max(...times)), unit: 's', goal: goalS });
  for (const [index, draft] of drafts.entries())
    expectDraft(history, found, { draft, subject: `draft ${index + 1}`, expected, degraded: false, goalS });
}

function withoutModel(history: History, found: Findings, goalS: number): void {
  const expected = `a degraded draft within ${goalS} s`;
  for (const model of TROUBLED) {
    found.rule(`without-model/${model}`);
    const subject = TROUBLES[model];
    const drafts = all(history, 'draft').filter((draft) => draft.model === model);
    if (drafts.length === 0) found.unknown(subject, expected, skipped(history, model));
    for (const draft of drafts)
      expectDraft(history, found, { draft, subject, expected, degraded: true, goalS });
  }
}

interface Expected {
  draft: Seen<'draft'>;
  subject: string;
  expected: string;
  degraded: boolean;
  goalS: number;
}

/** An answer with a text, degraded only if it should be, in time; anything else is an error for the client. */
function expectDraft({ header }: History, found: Findings, of: Expected): void {
  const { draft, subject, expected, degraded, goalS } = of;
  const { status, written } = draft;
  const unsaid = unsaidBy(header, draft);
  if (unsaid !== null) found.unknown(subject, expected, unsaid);
  else if (!degraded && isUnasked(header, draft))
    found.unknown(
      subject,
      `a draft by the model, whose stand-in takes ${restSeconds(header)} s`,
      `${describe(draft)}: the model was not asked`,
    );
  else if (isGood(header, status) && written && draft.degraded === degraded)
    found.inTime(subject, secondsOf(draft) <= goalS, expected, describe(draft));
  else found.expect(subject, false, expected, describe(draft));
}

/** A status of a good draft, as the contract of the application has it. */
function isGood({ settings }: HistoryHeader, status: number | null): boolean {
  return status !== null && settings.application?.statuses.draft?.includes(status) === true;
}

/** How long the model's stand-in waits before each answer, s; 0: it is not declared to wait. */
const restSeconds = ({ settings }: HistoryHeader): number =>
  (settings.ai?.llm?.control?.rest?.delayMs ?? 0) / 1000;

/** A timer may ring a little early. */
const EARLY = 0.95;

/** A draft that came sooner than the model answers is not its own, whatever the service says. */
const isUnasked = (header: HistoryHeader, draft: Seen<'draft'>): boolean =>
  draft.degraded === false && draft.written && secondsOf(draft) < EARLY * restSeconds(header);

/** Why the answer says nothing of the service; null: it does. */
function unsaidBy(header: HistoryHeader, { status, error }: Seen<'draft'>): string | null {
  if (header.settings.application?.statuses.draft === undefined)
    return 'the history does not say which status is good';
  const refusal = isGood(header, status) ? null : (refusalIn(error) ?? refusalOf(status));
  return refusal === null ? null : REFUSAL_TEXTS[refusal];
}

/** Why there is no draft of this kind. */
function skipped(history: History, model: (typeof MODELS)[number]): string {
  return all(history, 'not-tried').find((one) => one.model === model)?.reason ?? 'no draft was asked for';
}

function describe(draft: Seen<'draft'>): string {
  const { status, written, degraded, error } = draft;
  if (status === null) return `no answer: ${error}`;
  const within = `after ${rounded(secondsOf(draft))} s`;
  if (!written) return `status ${status}, an answer without a draft ${within}`;
  return `${degraded === true ? 'a degraded draft' : 'a draft by the model'} ${within}`;
}

const isStub = ({ settings }: HistoryHeader): boolean => settings.ai?.llm?.stubbed === true;

const secondsOf = ({ sentMs, answeredMs }: Seen<'draft'>): number => (answeredMs - sentMs) / 1000;

const rounded = (value: number): number => Number(value.toFixed(2));

export const judge: CheckJudge = { judge: judgeLlm, evidence: llmEvidence };
