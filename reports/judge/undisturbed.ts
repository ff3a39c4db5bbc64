/** Who else acted during a trial on what it hits: what was missed after that is not for its fault alone. */
import { faultFacts } from '../record/facts/fault-facts.ts';
import type { History, HistoryHeader } from '../record/history/history.ts';
import type { Seen } from '../record/observations/index.ts';
import { excusedBy } from '../record/rule.ts';
import type { Rule } from '../record/rule.ts';
import { memberNamespace, memberSets } from '../record/facts/store-pods.ts';
import { hitStore } from './evidence/afterwards.ts';
import { all, first, last } from './observed.ts';

/** Of a workload whose template somebody changed: its pods are replaced. */
const TEMPLATE = /^\w+ [^/ ]+\/[^ :]+: changed in (?:.*, )?spec\.template\b/;
const NODE_GONE = /^Node [^ :]+ is gone\b/;
/** What an operator changes only where somebody asks for it; or not every field is named. */
const ORDERED = /\.(?:image|resources)\b|\band \d+ more\b/;
/** What runs there serves all, such as the network and its names. */
const SYSTEM = 'kube-system';
/** Rules that no goal of time is of, and that a rollout or a lost node decides all the same. */
const OF_ROLES: readonly string[] = ['afterwards/roles', 'outages'];

interface Act {
  text: string;
  /** The last look before it; null: nothing says when it was. */
  afterMs: number | null;
}

/** The same rules, but what was missed after somebody else had acted on the same subject is inconclusive. What was lost is lost. */
export function undisturbed(rules: readonly Rule[], history: History): Rule[] {
  const acts = actsIn(history).filter(({ text }) => isOfSubject(text, history));
  const untilMs = missedFromMs(history);
  const early = acts.filter(({ afterMs }) => afterMs === null || afterMs < untilMs);
  return rules.map((rule) => {
    const [act] = rule.id.startsWith('afterwards/') ? acts : early;
    if (act === undefined || (rule.ofTime !== true && !OF_ROLES.includes(rule.id))) return rule;
    const text = `but somebody else acted meanwhile: ${act.text}`;
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
  const changed = actsIn(history).filter(({ text }) => TEMPLATE.test(text) || NODE_GONE.test(text));
  return changed.map(({ text }) => objectIn(text));
}

/** What others did, in the order of time, then what they left without being seen. */
function actsIn(history: History): Act[] {
  const seen = all(history, 'others-acted');
  const known = new Set(seen.map(({ what }) => objectIn(what)));
  const left = (last(history, 'as-before')?.differences ?? []).filter((text) => !known.has(objectIn(text)));
  const byOthers = seen.filter((act) => !isAnswer(act, history));
  return [
    ...byOthers.map(({ what, betweenMs: [afterMs] }) => ({ text: what, afterMs })),
    ...left.map((text) => ({ text, afterMs: null })),
  ];
}

/** An operator that changes its own set after the fault, unasked, answers it: that is part of the failover. */
function isAnswer({ what, owner, t }: Seen<'others-acted'>, history: History): boolean {
  const fromMs = first(history, 'fault-landed')?.betweenMs[0] ?? Infinity;
  return owner !== undefined && t > fromMs && !ORDERED.test(what);
}

/** As both say it: `Node worker-1`. */
const objectIn = (text: string): string => text.split(/:| is /, 1).join();

function isOfSubject(text: string, history: History): boolean {
  const { fault = '', target = '', members = [] } = first(history, 'fault-armed') ?? {};
  if (NODE_GONE.test(text)) {
    const isHit = members.some(({ node }) => objectIn(text) === `Node ${node ?? ''}`);
    return !isHit || faultFacts(fault)?.takesNode !== true;
  }
  // A rolling restart is our own.
  return TEMPLATE.test(text) && objectIn(text) !== target && isUsed(objectIn(text), history.header);
}

/** Whether clients of what is hit use the workload: of a store its own, of the control plane none, of a service or a pipeline maybe any. */
function isUsed(workload: string, header: HistoryHeader): boolean {
  const [, namespace, own] = workload.split(/[ /]/);
  if (namespace === SYSTEM) return true;
  const [suite, hit] = header.check.split('/');
  const store = suite === 'failover' ? header.settings.stores?.[hitStore(header) ?? ''] : undefined;
  if (store === undefined) return hit !== 'control-plane';
  const sets = memberSets(store);
  const isOwn = sets.length === 0 || sets.some(({ name }) => name === own);
  return isOwn && memberNamespace(store) === namespace;
}
