/** Who else acted during a trial on what it hits: what was missed after that is not for its fault alone. */
import { faultFacts } from '../record/facts/fault-facts.ts';
import type { History, HistoryHeader } from '../record/history/history.ts';
import { objectText } from '../record/observations/change.ts';
import type { Change } from '../record/observations/change.ts';
import type { Seen } from '../record/observations/index.ts';
import { excusedBy } from '../record/rule.ts';
import type { Rule } from '../record/rule.ts';
import { memberNamespace, memberSets } from '../record/facts/store-pods.ts';
import { hitStore } from './evidence/afterwards.ts';
import { all, first, last } from './observed.ts';

/** Of a workload whose template somebody changed: its pods are replaced. */
const TEMPLATE = /^spec\.template\b/;
/** What an operator changes only where somebody asks for it. */
const ORDERED = /\.(?:image|resources)\b/;
/** What runs there serves all, such as the network and its names. */
const SYSTEM = 'kube-system';
/** Rules that no goal of time is of, and that a rollout or a lost node decides all the same. */
const OF_ROLES: readonly string[] = ['afterwards/roles', 'outages'];

interface Act {
  change: Change;
  /** The last look before it; null: nothing says when it was. */
  afterMs: number | null;
}

/** The same rules, but what was missed after somebody else had acted on the same subject is inconclusive. What was lost is lost. */
export function undisturbed(rules: readonly Rule[], history: History): Rule[] {
  const acts = actsIn(history).filter(({ change }) => isOfSubject(change, history));
  const untilMs = missedFromMs(history);
  const early = acts.filter(({ afterMs }) => afterMs === null || afterMs < untilMs);
  return rules.map((rule) => {
    const [act] = rule.id.startsWith('afterwards/') ? acts : early;
    if (act === undefined || (rule.ofTime !== true && !OF_ROLES.includes(rule.id))) return rule;
    const text = `but somebody else acted meanwhile: ${act.change.text}`;
    return excusedBy(rule, { text, seen: acts.length, upTo: 0 });
  });
}

/** From here on no act explains what clients saw: they asked no more, or the longest goal had been missed. */
function missedFromMs(history: History): number {
  const {
    rtoSeconds = Infinity,
    readsRtoSeconds = 0,
    totalOutageSeconds = 0,
    leaderSeconds = 0,
  } = history.header.goals;
  const longest = Math.max(rtoSeconds, readsRtoSeconds, totalOutageSeconds, leaderSeconds);
  const landedMs = first(history, 'fault-landed')?.t ?? Infinity;
  return Math.min(first(history, 'client-load-end')?.t ?? Infinity, landedMs + longest * 1_000);
}

/** What others changed, such as `Deployment edge/gateway` and `Node worker-1`. */
export function changedByOthers(history: History): string[] {
  const acts = actsIn(history).map(({ change }) => change);
  return acts.filter((change) => isRolledOut(change) || isNodeGone(change)).map(objectText);
}

const isRolledOut = ({ fields = [] }: Change): boolean => fields.some((field) => TEMPLATE.test(field));
const isNodeGone = ({ kind, became }: Change): boolean => kind === 'Node' && became === 'gone';

/** What others did, in the order of time, then what they left without being seen. */
function actsIn(history: History): Act[] {
  const seen = all(history, 'others-acted');
  const known = new Set(seen.map(({ change }) => objectText(change)));
  const left = (last(history, 'as-before')?.differences ?? []).filter((one) => !known.has(objectText(one)));
  const byOthers = seen.filter((act) => !isAnswer(act, history));
  return [
    ...byOthers.map(({ change, betweenMs: [afterMs] }) => ({ change, afterMs })),
    ...left.map((change) => ({ change, afterMs: null })),
  ];
}

/** An operator that changes its own set after the fault, unasked, answers it: that is part of the failover. */
function isAnswer({ change: { fields = [] }, owner, t }: Seen<'others-acted'>, history: History): boolean {
  const fromMs = first(history, 'fault-landed')?.betweenMs[0] ?? Infinity;
  return owner !== undefined && t > fromMs && !fields.some((field) => ORDERED.test(field));
}

function isOfSubject(change: Change, history: History): boolean {
  const { fault = '', target = '', members = [] } = first(history, 'fault-armed') ?? {};
  if (isNodeGone(change)) {
    const isHit = members.some(({ node }) => change.name === node);
    return !isHit || faultFacts(fault)?.takesNode !== true;
  }
  // A rolling restart is our own.
  return isRolledOut(change) && objectText(change) !== target && isUsed(change, history.header);
}

/** Whether clients of what is hit use the workload: of a store its own, of the control plane none, of a service or a pipeline maybe any. */
function isUsed({ namespace, name: own }: Change, header: HistoryHeader): boolean {
  if (namespace === SYSTEM) return true;
  const [suite, hit] = header.check.split('/');
  const store = suite === 'failover' ? header.settings.stores?.[hitStore(header) ?? ''] : undefined;
  if (store === undefined) return hit !== 'control-plane';
  const sets = memberSets(store);
  const isOwn = sets.length === 0 || sets.some(({ name }) => name === own);
  return isOwn && memberNamespace(store) === namespace;
}
