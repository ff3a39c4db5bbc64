/** What every trial that hurts something of the platform rests on, beside what its own check looks at. */
import type { History, HistoryHeader } from '../../record/history.ts';
import type { Kind } from '../../record/observations/index.ts';
import type { Rule } from '../../record/rule.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { all, first } from '../observed.ts';
import { budgetGap } from './budget.ts';
import { faultGap } from './coherence.ts';
import { scheduleRules } from './schedule.ts';

/** A fault that was proved. */
export function faultEvidence(): AnyNeed[] {
  return [
    need('steady', { where: ({ ok }) => ok, what: 'steadiness before the fault' }),
    need('fault-armed'),
    need('fault-acted'),
    need('fault-landed', { what: 'proof of the fault' }),
  ];
}

/** And requests meanwhile, whose schedule is known from its beginning to its end. */
export function requestEvidence(): AnyNeed[] {
  return [...faultEvidence(), need('workload-start'), need('workload-end')];
}

/** What a fault may cost and what it did; a template is replaced without an account. */
export function costEvidence({ check }: HistoryHeader): AnyNeed[] {
  if (check.endsWith('/rolling-restart')) return [];
  return [
    need('budget-estimate', { what: 'what the fault may cost' }),
    need('budget-spent', { what: 'what the fault cost' }),
  ];
}

/** What is planned of the client: which one it is, and how fast. */
export interface Client {
  store: string;
  /** undefined: the environment does not say. */
  ratePerSecond: number | undefined;
}

/** What was planned must have happened, and what is said of one thing in several places must agree. */
export function agreementRules(history: History, client: Client): Rule[] {
  // A template is replaced, and no member hurt: what is done to it and by whom are one line.
  const isRollout = first(history, 'fault-armed')?.fault === 'rolling-restart';
  return [
    ruleOf('coherence/fault', isRollout ? null : faultGap(history), 'the fault was done as it was armed'),
    priceRule(history),
    ruleOf('coherence/client', clientGap(history, client), 'the client asked as declared'),
    ...scheduleRules(history),
  ];
}

export function priceRule(history: History): Rule {
  return ruleOf(
    'coherence/budget',
    budgetGap(history),
    'the price follows from what was expected, and the cost from what failed',
  );
}

/** What is seen at rest was seen before anything was hurt, and each step of a fault after the one before it. */
export function orderGap(history: History, kinds: readonly Kind[]): string | null {
  const steps = kinds.flatMap((kind) => {
    const times = all(history, kind).map(({ t }) => t);
    return times.length === 0 ? [] : [{ kind, fromMs: Math.min(...times), toMs: Math.max(...times) }];
  });
  const early = steps.find(({ fromMs }, at) => at > 0 && fromMs < (steps[at - 1]?.toMs ?? fromMs));
  return early === undefined ? null : `${early.kind} was written before what precedes it`;
}

function ruleOf(id: string, gap: string | null, holds: string): Rule {
  return gap === null ? { id, verdict: 'pass', text: holds } : { id, verdict: 'inconclusive', text: gap };
}

function clientGap(history: History, { store, ratePerSecond }: Client): string | null {
  const start = first(history, 'workload-start');
  if (start === undefined) return null;
  if (start.store !== store) return `the client asked ${start.store}, not ${store}`;
  if (start.sureFailures.length === 0) return 'the client knows no error that proves that nothing was done';
  return ratePerSecond === undefined || start.ratePerSecond === ratePerSecond
    ? null
    : `${start.ratePerSecond} requests a second, declared are ${ratePerSecond}`;
}
