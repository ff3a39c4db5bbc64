/** What every trial with a fault in the platform needs as evidence, beside what its own check observes. */
import type { History, HistoryHeader } from '../../../record/history/history.ts';
import type { Kind, Seen } from '../../../record/observations/index.ts';
import { gapRule } from '../../../record/rule.ts';
import type { Rule } from '../../../record/rule.ts';
import { need } from '../../evidence/need.ts';
import type { AnyNeed } from '../../evidence/need.ts';
import { all, first, last } from '../../observed.ts';
import { budgetGap } from '../budget.ts';
import { faultGap, landingGap, patienceGap } from '../coherence.ts';
import type { Prepared } from '../coherence.ts';
import { outcomeRules } from '../outages/outcomes.ts';
import { scheduleRules } from '../outages/schedule.ts';

/** A fault that was proved. */
export function faultEvidence(): AnyNeed[] {
  return [
    need('steady', { where: ({ ok }) => ok, what: 'a steady target before the fault' }),
    need('fault-armed'),
    need('fault-acted'),
    need('fault-landed', { what: 'proof of the fault' }),
  ];
}

/** As `faultEvidence`, with requests whose schedule is known from beginning to end. */
export function requestEvidence(): AnyNeed[] {
  return [...faultEvidence(), need('client-load-start'), need('client-load-end')];
}

/** The fault's estimated and counted cost. A rolling restart has no error budget account. */
export function costEvidence({ check }: HistoryHeader): AnyNeed[] {
  if (check.endsWith('/rolling-restart')) return [];
  return [
    need('budget-estimate', { what: 'estimated cost of the fault' }),
    need('budget-spent', { what: 'counted cost of the fault' }),
  ];
}

/** The planned client: its store and its rate. */
export interface Client {
  store: string;
  /** undefined: the environment does not say. */
  ratePerSecond: number | undefined;
  /** Its address; undefined: the edge. */
  address?: { host: string; port: number } | undefined;
}

/** Steps of every trial, in order. */
const STEPS = ['steady', 'fault-armed', 'fault-landed', 'steady-after', 'as-before'] as const;

/**
 * What was planned must have happened, and observations of one fact must agree.
 * @param prepared whether the fault is armed for the members that were prepared
 */
export function agreementRules(history: History, client: Client, prepared?: Prepared): Rule[] {
  // A rolling restart changes the pod template and hits no single member, so that unlike other faults it has one observation, `fault-armed`.
  const isRollout = first(history, 'fault-armed')?.fault === 'rolling-restart';
  const gap = isRollout ? (landingGap(history) ?? replacedGap(history)) : faultGap(history, prepared);
  return [
    gapRule('coherence/fault', gap, 'the fault was injected as it was armed'),
    stepsRule(history),
    priceRule(history),
    gapRule(
      'coherence/client',
      clientGap(history, client),
      'the client used the declared address, rate and time-outs',
    ),
    ...scheduleRules(history),
    ...outcomeRules(history),
  ];
}

/** At least one pod was replaced, and at most as many as the Deployment may have. */
function replacedGap(history: History): string | null {
  const done = last(history, 'rollout-done');
  if (done === undefined) return null;
  const target = first(history, 'fault-armed')?.target;
  const declared = history.header.settings.topology?.workloads?.find(
    ({ kind, namespace, name }) => `${kind} ${namespace}/${name}` === target,
  );
  const most = declared?.replicas.max ?? Infinity;
  return done.replaced >= 1 && done.replaced <= most
    ? null
    : `the rolling restart replaced ${done.replaced} pods, expected 1 to ${most}`;
}

/** Of checks that send no requests of their own. */
export function faultRules(history: History): Rule[] {
  const gap = faultGap(history);
  return [
    gapRule('coherence/fault', gap, 'the fault was injected as it was armed'),
    stepsRule(history),
    priceRule(history),
  ];
}

function stepsRule(history: History): Rule {
  return gapRule('coherence/steps', orderGap(history, STEPS), 'the steps were recorded in their order');
}

export function priceRule(history: History): Rule {
  return gapRule(
    'coherence/budget',
    budgetGap(history),
    'the estimated cost follows from the expected outage, the counted cost from what failed',
  );
}

/** Observations at rest precede the fault, and each step of the fault follows the one before it. */
export function orderGap(history: History, kinds: readonly Kind[]): string | null {
  const steps = kinds.flatMap((kind) => {
    const times = all(history, kind).map(({ t }) => t);
    return times.length === 0 ? [] : [{ kind, fromMs: Math.min(...times), toMs: Math.max(...times) }];
  });
  const early = steps.find(({ fromMs }, at) => at > 0 && fromMs < (steps[at - 1]?.toMs ?? fromMs));
  return early === undefined ? null : `${early.kind} was recorded before the step that must precede it`;
}

function clientGap(history: History, { store, ratePerSecond, address }: Client): string | null {
  const start = first(history, 'client-load-start');
  if (start === undefined) return null;
  if (start.store !== store) return `the client sent its requests to ${start.store}, expected ${store}`;
  if (start.definiteFailures.length === 0)
    return 'the client lists no error that proves that nothing was done';
  if (ratePerSecond !== undefined && start.ratePerSecond !== ratePerSecond)
    return `the client planned ${start.ratePerSecond} requests a second, declared are ${ratePerSecond}`;
  const edge = { host: start.settings.host, port: portOf(history.header, start) };
  return patienceGap(start, address ?? edge);
}

const HTTPS_PORT = 443;

/** The declared port of the edge; its address differs between environments and is not compared. */
function portOf({ settings }: HistoryHeader, { settings: asked }: Seen<'client-load-start'>): number {
  const url = settings.topology?.edge?.url;
  return url === undefined ? asked.port : Number(new URL(url).port || HTTPS_PORT);
}
