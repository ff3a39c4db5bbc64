import { allRules } from '../../../reports/judge/definition.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { aimGap, leaderGap } from '../_judge/coherence.ts';
import { faultRule, requestEvidence } from '../_judge/services/fault-trial.ts';
import { excusedByEviction } from '../_judge/evicted.ts';
import { measure } from '../_judge/record.ts';
import { streamGoalMs, streamRule } from '../_judge/stream-goals.ts';
import type { Trial } from '../_judge/trial.ts';
import { seconds } from '../_judge/outages/rto.ts';
import { passReason, rulesOf } from '../_judge/verdict.ts';
import { all, last } from '../../../reports/judge/observed.ts';
import { mayLead, storesOf } from '../../../reports/judge/topology/declared.ts';
import { changedByOthers } from '../../../reports/judge/undisturbed.ts';
import { memberSets } from '../../../reports/record/facts/store-pods.ts';
import { KILLED_PODS } from '../../../reports/record/names/control-plane-faults.ts';
import { OUTCOMES } from '../../../reports/record/history/history.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Figure, Finding, Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { decisive, gapRule, reasonOf, worstOf } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { worst } from '../../../reports/record/verdict.ts';
import { lookedRule, podFindings } from './judge-pods.ts';
import { atMost } from '../../../reports/record/at-most.ts';

const MAX_NAMED = 5;

/** Phases that this check does not observe. */
const STORES_ONLY = new Set<string>(['endpoint moved', 'replicas restored']);

interface Judged {
  record: FailoverRecord;
  rules: Rule[];
  findings: Finding[];
}

export const judge: CheckJudge = {
  judge: (history) => judgeControlPlaneCrash([history]),
  evidence: evidenceOf,
  trial: true,
  over: judgeControlPlaneCrash,
};

/** Evidence: leaders of the declared stores and all pods, before and after; and the object's content. */
function evidenceOf({ settings }: HistoryHeader): AnyNeed[] {
  const stores = Object.keys(settings.stores ?? {});
  return [
    ...requestEvidence(),
    need('store-leader', {
      subjects: stores,
      of: ({ store }) => store,
      count: stores.length * 2,
      what: 'the leader',
    }),
    // The observer's last line repeats what it knew, hence two.
    need('leader', { count: 2, what: 'the leader of the control plane' }),
    need('platform-pods', { count: 2, what: 'a list of the pods, before and after the fault' }),
    need('register', { what: 'the content of the written object, read afterwards' }),
  ];
}

/**
 * The API must become writable again through the clients' address, and the platform must be undisturbed: no store changes its leader,
 * and no pod is replaced or restarted except static pods of the node that was hit.
 */
export function judgeControlPlaneCrash(histories: readonly History[]): Judgement {
  const judged = histories.map(judgeTrial);
  const verdict = worst(judged.map(({ record }) => record.verdict));
  const telling = judged.find(({ record }) => record.verdict === verdict);
  const first = histories[0];
  if (telling === undefined || first === undefined) throw new Error('a judge needs at least one history');
  const goal = first.header.goals.rtoSeconds;
  const findings = judged.flatMap((one) => one.findings.filter(({ ok }) => !ok));
  const expected = `API writable again ≤ ${goal ?? '?'} s; another one leads ≤ ${first.header.goals.leaderSeconds ?? '?'} s; no store's leader changed; no pod restarted except the static pods that were killed`;
  const shown = findings.length > 0 ? findings : telling.findings;
  return {
    verdict,
    reason: telling.record.reason,
    rules: telling.rules,
    expected,
    seen: telling.findings
      .map(({ subject, seen }) => `${subject}: ${seen}`)
      .join('; ')
      .slice(0, 600),
    figures: figuresOf(judged, goal),
    findings: shown.slice(0, 50),
    findingsTotal: shown.length,
    evidence: [],
    trials: judged.map(({ record }) => record),
  };
}

function judgeTrial(history: History): Judged {
  const { record: measured, evidence } = measure(history);
  const phases = measured.phases.filter(({ name }) => !STORES_ONLY.has(name));
  const record = { ...measured, phases };
  // No read-back: the object keeps only its last write, which `lastWrite` judges.
  const own = {
    ...evidence,
    trial: { ...evidence.trial, lostGoal: 0 },
    readBack: { leader: null, members: [], pairs: [], leaders: [], gaps: [] },
    severalLeaders: [],
  };
  const writable = excusedByEviction(rulesOf(own), own.evicted);
  const verdict = worstOf(writable);
  const reason = reasonOf(writable, passReason(own));
  const findings = [...leaders(history), ...podFindings(history, record.target), ...lastWrite(history)];
  const ofTime = verdict === 'fail' && decisive(writable).every((rule) => rule.ofTime === true);
  const held: Rule[] = [
    { id: 'writable', verdict, text: reason, ...(ofTime && { ofTime }) },
    undisturbedRule(findings, changedByOthers(history)),
    electedRule(history, own.trial),
    lookedRule(history, record.target),
    faultRule(history, preparedGap),
    ...OWN.map(({ id, open, holds }) => gapRule(id, open(history), holds)),
  ];
  const rules = allRules(held, history, judge);
  const undisturbed = `${findings.filter(({ ok }) => ok).length} leaders and workloads undisturbed`;
  const judged = { verdict: worstOf(rules), reason: reasonOf(rules, `${reason}, ${undisturbed}`) };
  return { record: { ...record, ...judged }, rules, findings };
}

/** Whoever led was killed and kept down: somebody else must lead. */
function electedRule(history: History, { faultMs, landedMs }: Trial): Rule {
  const id = 'elected';
  const { goals, settings } = history.header;
  if (settings.topology?.controlPlane?.nodes === 1)
    return gapRule(id, null, 'the control plane has one node: nobody else can lead');
  const limitMs = streamGoalMs('leaders', goals);
  const seen = all(history, 'leader').flatMap(({ t, leader, pollMs }) =>
    leader === null ? [] : { t, leader, pollMs },
  );
  const before = seen.findLast(({ t }) => t <= (faultMs ?? -Infinity));
  if (limitMs === null)
    return gapRule(id, 'the history states no goal for the time until another one leads', '');
  if (landedMs === null || before === undefined)
    return gapRule(id, 'who led when the fault landed is not known', '');
  const next = seen.find(({ t, leader }) => t > landedMs && leader !== before.leader);
  if (next === undefined)
    return { id, verdict: 'fail', text: `nobody else led after ${before.leader} was killed`, ofTime: true };
  const hiMs = next.t - landedMs;
  // Its observer looks every so often.
  const loMs = Math.max(0, hiMs - next.pollMs);
  const text = `${next.leader} led ${seconds(loMs)} to ${seconds(hiMs)} s after ${before.leader} was killed`;
  return streamRule(id, text, { loMs, hiMs }, limitMs);
}

/** The target is a node, and the members are the static pods that this fault kills, each named after the node. */
function preparedGap({ fault, target, members }: Seen<'fault-armed'>): string | null {
  const killed = Object.entries(KILLED_PODS).find(([name]) => name === fault)?.[1] ?? [];
  const names = killed.map((name) => `${name}-${target}`).join(', ');
  const prepared = members.map(({ name }) => name).join(', ');
  if (names !== prepared)
    return `the fault should have prepared ${names || 'nothing'} of ${target}, but prepared ${prepared || 'nothing'}`;
  const elsewhere = members.find(({ node }) => node !== target);
  return elsewhere === undefined
    ? null
    : `${elsewhere.name} was prepared on ${elsewhere.node ?? 'no node'}, not on ${target}`;
}

const OWN: readonly { id: string; open: (history: History) => string | null; holds: string }[] = [
  { id: 'coherence/aim', open: aimGap, holds: 'the fault hit the leader of the control plane' },
  { id: 'coherence/leader', open: leaderGap, holds: 'the leader was observed to the end' },
  { id: 'coherence/store-leaders', open: storeLeaderGap, holds: 'each store is led by a pod of its own' },
];

function storeLeaderGap(history: History): string | null {
  const stores = new Map(storesOf(history.header.settings));
  const stray = all(history, 'store-leader').find(({ store, leader }) => {
    const declared = stores.get(store);
    return declared === undefined || !mayLead(leader, declared);
  });
  return stray === undefined
    ? null
    : `${stray.leader} is recorded as the leader of ${stray.store}, but is none of its pods`;
}

/** @param others what somebody else changed meanwhile: of that nothing is judged */
function undisturbedRule(findings: readonly Finding[], others: readonly string[]): Rule {
  const id = 'undisturbed';
  const bad = findings.filter(({ ok }) => !ok).map(({ subject, seen }) => `${subject}: ${seen}`);
  if (bad.length > 0) return { id, verdict: 'fail', text: atMost(bad, MAX_NAMED).join('; ') };
  const changed = `somebody else changed ${atMost(others, MAX_NAMED).join(', ')}`;
  const gap = findings.length === 0 ? 'neither leaders of stores nor pods were observed' : null;
  const text = `${findings.length} leaders and workloads undisturbed`;
  return gapRule(id, others.length > 0 ? changed : gap, text);
}

function leaders(history: History): Finding[] {
  const others = changedByOthers(history);
  const byStore = new Map<string, string[]>();
  for (const { store, leader } of all(history, 'store-leader'))
    byStore.set(store, [...(byStore.get(store) ?? []), leader]);
  for (const [store, declared] of storesOf(history.header.settings))
    if (memberSets(declared).some((set) => others.includes(`StatefulSet ${set.namespace}/${set.name}`)))
      byStore.delete(store);
  return [...byStore].map(([store, names]) => ({
    subject: `leader of ${store}`,
    ok: names.length > 1 && new Set(names).size === 1,
    expected: `stays ${names[0] ?? '?'}`,
    seen: names.length > 1 ? names.join(' → ') : `${names.join('')}, observed only once`,
  }));
}

/**
 * The object must hold the last acknowledged write: no write that was sent after the held one had been answered may have been
 * acknowledged.
 */
function lastWrite(history: History): Finding[] {
  const register = last(history, 'register');
  if (register === undefined) return [];
  const { n: held } = register;
  const { writes } = history;
  const heldDoneMs = doneOf(history, held);
  let newest = 0;
  for (let i = 0; i < writes.count; i++) {
    const later = (writes.sentMs[i] as number) > heldDoneMs && writes.outcome[i] === OUTCOMES.ok;
    if (later) newest = Math.max(newest, writes.n[i] as number);
  }
  return [
    {
      subject: 'content of the written object',
      ok: newest === 0,
      expected: 'the last acknowledged write',
      seen: newest === 0 ? `write ${held}` : `write ${held}, but write ${newest} was acknowledged after it`,
    },
  ];
}

function doneOf({ writes }: History, n: number): number {
  for (let i = 0; i < writes.count; i++) if (writes.n[i] === n) return writes.doneMs[i] as number;
  return -Infinity;
}

function figuresOf(judged: readonly Judged[], goal: number | undefined): Figure[] {
  const known = judged.flatMap(({ record }) => (record.rto === null ? [] : [record.rto.hiMs]));
  const value = known.length < judged.length ? 'never steady again' : Number(seconds(Math.max(...known)));
  const undisturbed = judged.flatMap(({ findings }) => findings).filter(({ ok }) => ok).length;
  return [
    { name: 'worst RTO of API writes', value, unit: 's', ...(goal !== undefined && { goal }) },
    { name: 'leaders and namespaces undisturbed', value: undisturbed },
    { name: 'trials', value: judged.length },
  ];
}
