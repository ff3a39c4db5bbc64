import { OUTCOMES } from '../../record/history.ts';
import type { History, Observation } from '../../record/history.ts';
import type { Finding, Figure, Judgement } from '../../record/judgement.ts';
import type { FailoverRecord } from '../../record/run-record.ts';
import { worst } from '../../record/verdict.ts';
import { measure } from './record.ts';
import { text } from './trial.ts';
import { decide, seconds } from './verdict.ts';

const MAX_NAMED = 5;
/** Phases that nobody looks for here. */
const STORES_ONLY = new Set<string>(['endpoint moved', 'replicas restored']);

interface Judged {
  record: FailoverRecord;
  findings: Finding[];
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
  const goal = first.header.goals['rtoSeconds'];
  const findings = judged.flatMap((one) => one.findings.filter(({ ok }) => !ok));
  const expected = `API writable again ≤ ${typeof goal === 'number' ? goal : '?'} s; no store's leader changed; no pod restarted but the static pods that were killed`;
  const shown = findings.length > 0 ? findings : telling.findings;
  return {
    verdict,
    reason: telling.record.reason,
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
  const bad = findings.filter(({ ok }) => !ok).map(({ subject, seen }) => `${subject}: ${seen}`);
  const missing = missingLooks(history);
  const named =
    bad.length > MAX_NAMED ? [...bad.slice(0, MAX_NAMED), `and ${bad.length - MAX_NAMED} more`] : bad;
  const told = verdict === 'pass' ? [] : [reason];
  if (verdict === 'fail' || bad.length > 0)
    return {
      record: {
        ...record,
        verdict: 'fail',
        reason: [...(verdict === 'fail' ? told : []), ...named].join('; '),
      },
      findings,
    };
  const gaps = [...told, ...missing];
  if (gaps.length > 0)
    return { record: { ...record, verdict: 'inconclusive', reason: gaps.join('; ') }, findings };
  const undisturbed = `${findings.filter(({ ok }) => ok).length} leaders and workloads undisturbed`;
  return { record: { ...record, verdict, reason: `${reason}, ${undisturbed}` }, findings };
}

const seenOf = (history: History, kind: string): Observation[] =>
  history.observations.filter((one) => one.kind === kind);

function leaders(history: History): Finding[] {
  const byStore = new Map<string, string[]>();
  for (const seen of seenOf(history, 'store-leader')) {
    const store = text(seen['store']);
    byStore.set(store, [...(byStore.get(store) ?? []), text(seen['leader'])]);
  }
  return [...byStore].map(([store, names]) => ({
    subject: `leader of ${store}`,
    ok: names.length > 1 && new Set(names).size === 1,
    expected: `stays ${names[0] ?? '?'}`,
    seen: names.length > 1 ? names.join(' → ') : `${names.join('')}, looked at once only`,
  }));
}

/** One row a pod: `[namespace/name, uid, restarts, node, static]`. */
type PodRow = [string, string, number, string | null, boolean];
/** One look at all pods, and which of them belong to what an autoscaler resizes: `[namespace/name, its workload]`. */
interface Look {
  rows: PodRow[];
  /** Empty in histories of before it was looked at. */
  scaled: [string, string][];
}

/** One finding a namespace, so that a hundred pods that are as they were make one line. */
function pods(history: History, target: string): Finding[] {
  const looks = seenOf(history, 'pods').map(lookOf);
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const now = new Map(last.rows.map((row) => [row[0], row]));
  const away = scaledAway(first, last);
  const byNamespace = new Map<string, string[]>();
  for (const row of first.rows) {
    if (row[4] && row[3] === target) continue; // what was killed
    const namespace = row[0].split('/')[0] ?? '';
    const changes = byNamespace.get(namespace) ?? [];
    byNamespace.set(namespace, changes);
    const change = changeOf(row, now.get(row[0]), away);
    if (change !== null) changes.push(change);
  }
  return [...byNamespace].map(([namespace, changes]) => ({
    subject: `pods of ${namespace}`,
    ok: changes.length === 0,
    expected: 'none replaced, none restarted',
    seen: changes.length === 0 ? 'as before' : changes.join(', '),
  }));
}

function lookOf(seen: Observation): Look {
  return { rows: (seen['pods'] ?? []) as PodRow[], scaled: (seen['scaled'] ?? []) as Look['scaled'] };
}

/**
 * Pods that may be gone because fewer are wanted: their workload follows the load, and has got no other pod since, which would have
 * replaced them.
 */
function scaledAway(first: Look, last: Look): Set<string> {
  const before = new Set(first.rows.map(([name]) => name));
  const grown = new Set(last.scaled.filter(([name]) => !before.has(name)).map(([, workload]) => workload));
  return new Set(first.scaled.filter(([, workload]) => !grown.has(workload)).map(([name]) => name));
}

function changeOf(
  [name, uid, restarts]: PodRow,
  now: PodRow | undefined,
  away: ReadonlySet<string>,
): string | null {
  if (now === undefined) return away.has(name) ? null : `${name} is gone`;
  if (now[1] !== uid) return `${name} was replaced`;
  return now[2] > restarts ? `${name} restarted (${restarts} → ${now[2]})` : null;
}

/**
 * The object must hold the last acknowledged write: a write that it holds may not be older than one that was sent after that
 * write had been answered, and acknowledged.
 */
function lastWrite(history: History): Finding[] {
  const register = seenOf(history, 'register').at(-1);
  if (register === undefined) return [];
  const held = typeof register['n'] === 'number' ? register['n'] : 0;
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

function missingLooks(history: History): string[] {
  const unavailable = seenOf(history, 'unavailable').map(
    (seen) => `${text(seen['what'])}: ${text(seen['reason'])}`,
  );
  const gaps = [...unavailable];
  if (seenOf(history, 'pods').length < 2) gaps.push('the pods were not looked at before and after');
  if (seenOf(history, 'register').length === 0)
    gaps.push('the object that was written to was not read afterwards');
  return gaps;
}

function figuresOf(judged: readonly Judged[], goal: unknown): Figure[] {
  const known = judged.flatMap(({ record }) => (record.rto === null ? [] : [record.rto.hiMs]));
  const value = known.length < judged.length ? 'never steady again' : Number(seconds(Math.max(...known)));
  const undisturbed = judged.flatMap(({ findings }) => findings).filter(({ ok }) => ok).length;
  return [
    { name: 'worst RTO of API writes', value, unit: 's', ...(typeof goal === 'number' && { goal }) },
    { name: 'leaders and namespaces undisturbed', value: undisturbed },
    { name: 'trials', value: judged.length },
  ];
}
