import { OUTCOMES } from '../../record/history.ts';
import type { History, HistoryHeader } from '../../record/history.ts';
import type { Finding, Figure, Judgement } from '../../record/judgement.ts';
import type { FailoverRecord } from '../../record/run-record.ts';
import type { Seen } from '../../record/observations/index.ts';
import { reasonOf, worstOf } from '../../record/rule.ts';
import type { Rule } from '../../record/rule.ts';
import { worst } from '../../record/verdict.ts';
import { generalRules } from '../definition.ts';
import type { CheckJudge } from '../definition.ts';
import { AFTERWARDS_ANNOTATIONS } from '../evidence/afterwards.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { all, last } from '../observed.ts';
import { nameOf } from '../topology/declared.ts';
import { podPattern } from '../workload-pods.ts';
import { requestEvidence } from './hurt.ts';
import { measure } from './record.ts';
import { decide, seconds } from './verdict.ts';

const MAX_NAMED = 5;
/** Phases that nobody looks for here. */
const STORES_ONLY = new Set<string>(['endpoint moved', 'replicas restored']);

interface Judged {
  record: FailoverRecord;
  rules: Rule[];
  findings: Finding[];
}

export const CONTROL_PLANE: CheckJudge = {
  judge: (history) => judgeControlPlaneCrash([history]),
  evidence: evidenceOf,
  annotations: AFTERWARDS_ANNOTATIONS,
  trial: true,
};

/** Who led each declared store, and every pod, before and after; and what the object holds. */
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
    need('platform-pods', { count: 2, what: 'a look at the pods before and after' }),
    need('register', { what: 'the object that was written to, read afterwards' }),
  ];
}

/**
 * The API must be writable again through the address that clients use, and nothing of the platform may notice: no store changes
 * its leader, and no pod is replaced or restarted but the static pods of the node that was hurt.
 */
export function judgeControlPlaneCrash(histories: readonly History[]): Judgement {
  const judged = histories.map(judgeTrial);
  const verdict = worst(judged.map(({ record }) => record.verdict));
  const telling = judged.find(({ record }) => record.verdict === verdict);
  const first = histories[0];
  if (telling === undefined || first === undefined) throw new Error('a judge needs at least one history');
  const goal = first.header.goals.rtoSeconds;
  const findings = judged.flatMap((one) => one.findings.filter(({ ok }) => !ok));
  const expected = `API writable again ≤ ${goal ?? '?'} s; no store's leader changed; no pod restarted but the static pods that were killed`;
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
  // Nothing is read back: the object keeps its last write only. What can be said of loss is said by `lastWrite`.
  const own = {
    ...evidence,
    trial: { ...evidence.trial, lostGoal: 0 },
    readBack: { leader: null, members: [], pairs: [], leaders: [], gaps: [] },
  };
  const { verdict, reason } = decide(own);
  const findings = [...leaders(history), ...pods(history, record.target), ...lastWrite(history)];
  const rules: Rule[] = [
    { id: 'writable', verdict, text: reason },
    ...undisturbedRules(findings),
    lookedRule(history, record.target),
    ...generalRules(history, CONTROL_PLANE),
  ];
  const undisturbed = `${findings.filter(({ ok }) => ok).length} leaders and workloads undisturbed`;
  const judged = { verdict: worstOf(rules), reason: reasonOf(rules, `${reason}, ${undisturbed}`) };
  return { record: { ...record, ...judged }, rules, findings };
}

function undisturbedRules(findings: readonly Finding[]): Rule[] {
  const id = 'undisturbed';
  const bad = findings.filter(({ ok }) => !ok).map(({ subject, seen }) => `${subject}: ${seen}`);
  if (bad.length === 0)
    return findings.length === 0
      ? [{ id, verdict: 'inconclusive', text: 'it was not looked at who noticed' }]
      : [{ id, verdict: 'pass', text: `${findings.length} leaders and workloads undisturbed` }];
  const more = bad.length > MAX_NAMED ? [`and ${bad.length - MAX_NAMED} more`] : [];
  return [{ id, verdict: 'fail', text: [...bad.slice(0, MAX_NAMED), ...more].join('; ') }];
}

/** Both looks must have been at everything that is declared, and may not contradict each other. */
function lookedRule(history: History, target: string): Rule {
  const id = 'looked';
  const [before, ...later] = all(history, 'platform-pods');
  const after = later.at(-1);
  const text =
    before === undefined || after === undefined
      ? 'the pods were not looked at before and after'
      : lookGap(history.header, { before, after, target });
  return text === null
    ? { id, verdict: 'pass', text: 'every declared workload was looked at before and after' }
    : { id, verdict: 'inconclusive', text };
}

function lookGap(
  { settings }: HistoryHeader,
  { before, after, target }: { before: Look; after: Look; target: string },
): string | null {
  if (!before.pods.some((row) => row.static && row.node === target))
    return `no static pod of ${target} was seen before`;
  const unseen = (settings.topology?.workloads ?? []).find(
    (workload) =>
      before.pods.filter(({ pod }) => podPattern(workload).test(pod)).length < workload.replicas.min,
  );
  if (unseen !== undefined) return `${nameOf(unseen)} was not seen whole before`;
  const then = new Map(before.pods.map((row) => [row.pod, row]));
  const fewer = after.pods.find(({ pod, uid, restarts }) => {
    const first = then.get(pod);
    return first?.uid === uid && restarts < first.restarts;
  });
  return fewer === undefined ? null : `${fewer.pod} had restarted more often before than after`;
}

function leaders(history: History): Finding[] {
  const byStore = new Map<string, string[]>();
  for (const { store, leader } of all(history, 'store-leader'))
    byStore.set(store, [...(byStore.get(store) ?? []), leader]);
  return [...byStore].map(([store, names]) => ({
    subject: `leader of ${store}`,
    ok: names.length > 1 && new Set(names).size === 1,
    expected: `stays ${names[0] ?? '?'}`,
    seen: names.length > 1 ? names.join(' → ') : `${names.join('')}, looked at once only`,
  }));
}

type Look = Seen<'platform-pods'>;
type PodRow = Look['pods'][number];

/** One finding a namespace, so that a hundred pods that are as they were make one line. */
function pods(history: History, target: string): Finding[] {
  const looks = all(history, 'platform-pods');
  const [before, after] = [looks[0], looks.at(-1)];
  if (before === undefined || after === undefined || before === after) return [];
  const now = new Map(after.pods.map((row) => [row.pod, row]));
  const away = scaledAway(before, after);
  const byNamespace = new Map<string, string[]>();
  for (const row of before.pods) {
    if (row.static && row.node === target) continue; // what was killed
    const namespace = row.pod.split('/')[0] ?? '';
    const changes = byNamespace.get(namespace) ?? [];
    byNamespace.set(namespace, changes);
    const change = changeOf(row, now.get(row.pod), away);
    if (change !== null) changes.push(change);
  }
  return [...byNamespace].map(([namespace, changes]) => ({
    subject: `pods of ${namespace}`,
    ok: changes.length === 0,
    expected: 'none replaced, none restarted',
    seen: changes.length === 0 ? 'as before' : changes.join(', '),
  }));
}

/**
 * Pods that may be gone because fewer are wanted: their workload follows the load, and has got no other pod since, which would have
 * replaced them.
 */
function scaledAway(first: Look, after: Look): Set<string> {
  const before = new Set(first.pods.map(({ pod }) => pod));
  const grown = new Set(after.scaled.filter(({ pod }) => !before.has(pod)).map(({ workload }) => workload));
  return new Set(first.scaled.filter(({ workload }) => !grown.has(workload)).map(({ pod }) => pod));
}

function changeOf(
  { pod, uid, restarts }: PodRow,
  now: PodRow | undefined,
  away: ReadonlySet<string>,
): string | null {
  if (now === undefined) return away.has(pod) ? null : `${pod} is gone`;
  if (now.uid !== uid) return `${pod} was replaced`;
  return now.restarts > restarts ? `${pod} restarted (${restarts} → ${now.restarts})` : null;
}

/**
 * The object must hold the last acknowledged write: a write that it holds may not be older than one that was sent after that
 * write had been answered, and acknowledged.
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
      subject: 'the last acknowledged write',
      ok: newest === 0,
      expected: 'is what the object holds',
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
