/** What every trial that hurts something of the platform rests on, beside what its own check looks at. */
import type { History } from '../../record/history.ts';
import type { Rule } from '../../record/rule.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { first } from '../observed.ts';
import { budgetGap, faultGap } from './coherence.ts';
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
    ruleOf('coherence/budget', budgetGap(history), 'the price follows from what was expected'),
    ruleOf('coherence/client', clientGap(history, client), 'the client asked as declared'),
    ...scheduleRules(history),
  ];
}

function ruleOf(id: string, gap: string | null, holds: string): Rule {
  return gap === null ? { id, verdict: 'pass', text: holds } : { id, verdict: 'inconclusive', text: gap };
}

function clientGap(history: History, { store, ratePerSecond }: Client): string | null {
  const start = first(history, 'workload-start');
  if (start === undefined) return null;
  if (start.store !== store) return `the client asked ${start.store}, not ${store}`;
  return ratePerSecond === undefined || start.ratePerSecond === ratePerSecond
    ? null
    : `${start.ratePerSecond} requests a second, declared are ${ratePerSecond}`;
}
