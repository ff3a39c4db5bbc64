import type { Exemption } from '../record/judgement.ts';
import { FULL, MOST_OTHERS } from '../record/pressure.ts';
import type { Pressure, Shares } from '../record/pressure.ts';
import type { CheckResult, FailoverRecord, RequestSums, RunRecord } from '../record/run-record.ts';
import { streamText, summaryOf } from '../record/trials.ts';
import type { Verdict } from '../record/verdict.ts';

/** Words for the verdict of one check; colour and glyph never stand alone. */
export const CHECK_WORDS: Record<Verdict, string> = {
  pass: 'pass',
  fail: 'fail',
  inconclusive: 'inconclusive',
  'not-run': 'not run',
};
/** Glyphs of plain text reports. */
export const GLYPHS: Record<Verdict, string> = { pass: '✓', fail: '✗', inconclusive: '?', 'not-run': '–' };

/** What the nodes of the embedded environment cannot show, said in every report that rests on them. */
export const NAMESPACE_NODES =
  'The nodes of this environment are namespaces of one machine: a loss of power with unsynced pages cannot be tested on ' +
  'them. The durability settings of the stores are checked instead (topology/storage/durability).';

/**
 * C0 and C1 controls other than tab and newline; and the invisible marks that reorder text (Unicode UAX #9), which could
 * make a name read otherwise. `Cc` holds tab and newline too, hence the look-ahead.
 */
const UNPRINTABLE = /(?![\t\n])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Text from a cluster made printable: control and reordering characters become U+FFFD; tabs and newlines stay. */
export function printable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNPRINTABLE, '\ufffd').replace(LONE_SURROGATE, '\ufffd');
}

/** The same on one line, cut to `max` characters with an ellipsis. */
export function oneLine(text: string, max = Number.POSITIVE_INFINITY): string {
  const line = printable(text).replace(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

/** At most `max` characters, saying how many were left out. */
export function clipped(text: string, max: number): string {
  return text.length <= max
    ? text
    : `${text.slice(0, max)}\n… ${text.length - max} more characters in run.json`;
}

/**
 * `Pressure on this machine: other processes took 9 % of the cores (above 25 % …); for information only: tasks waited for CPU 67 %, …`.
 * The first figure alone can change a verdict.
 */
export function pressureText({ cpu, memory, io, others, used, nodes, lateMs }: Pressure): string {
  const waits = Object.entries({ CPU: cpu, memory, disk: io }).flatMap(([what, shares]) =>
    shares === null ? [] : [`${what} ${percentOf(shares)}`],
  );
  const informing = [
    used == null ? [] : [`${percentOf(used)} of the cores were in use`],
    waits.length === 0 ? [] : [`tasks waited for ${waits.join(', ')} of the time`],
    lateMs === undefined ? [] : [`the harness was at most ${Math.round(lateMs)} ms late`],
  ].flat();
  const limit = `${Math.round(MOST_OTHERS * 100)} %`;
  const said = [
    others === null
      ? []
      : [
          `other processes took ${percentOf(others)} of the cores (above ${limit} a missed goal of time is inconclusive)`,
        ],
    informing.length === 0 ? [] : [`for information only: ${informing.join('; ')}`],
  ].flat();
  return `Pressure on ${whose(nodes)}: ${said.length === 0 ? 'not measured' : said.join('; ')}`;
}

/** @param nodes of a cluster that hold pods of the environment; undefined: the machine of an embedded one */
const whose = (nodes: number | undefined): string =>
  nodes === undefined ? 'this machine' : `the ${plural(nodes, 'node')} with pods of the environment`;

const percentOf = ({ mean }: Shares): string => `${Math.round(mean * 100)} %`;

const plain = (value: number, digits: number): string => value.toFixed(digits);

/** `840 ms`, `4.21 s`, `6 min 02 s`, `1 h 05 min`. */
export function duration(ms: number): string {
  if (Math.abs(ms) < 999.5) return `${Math.round(ms)} ms`;
  if (Math.abs(ms) < 59_995) return `${plain(ms / 1000, 2)} s`;
  const total = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (total < 3600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  return `${Math.floor(total / 3600)} h ${two(Math.floor((total % 3600) / 60))} min`;
}

/** Seconds with three decimals: as exact as the sampling is, and comparable between runs. */
export function secondsOf(ms: number): string {
  return `${plain(ms / 1000, 3)} s`;
}

/** `2026-11-24 17:02:31 UTC`; text that is not a date is shown as it is. */
export function moment(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return oneLine(iso, 40);
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Groups digits for reading: `1,234,567`. */
export function grouped(value: number): string {
  return Number.isInteger(value) ? String(value).replace(/\B(?=(\d{3})+$)/g, ',') : String(value);
}

/** `1 check`, `2 checks`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** The second part of an id: `failover/postgres/pod-crash` → `postgres`. */
export function subjectOf(check: Pick<CheckResult, 'id' | 'suite'>): string {
  const parts = check.id.split('/');
  return parts[1] ?? check.id;
}

/** What the environment file lets off in a check, one line each, with the reason. */
export function exemptionLines({ exemptions = [] }: Pick<CheckResult, 'exemptions'>): string[] {
  return exemptions.map(({ subject, reason }) => `${subject}: ${reason}`);
}

/** Entries of that file by which nothing was let off, in the same form. */
export function unmatchedLines({
  unmatchedExemptions = [],
}: Pick<CheckResult, 'unmatchedExemptions'>): string[] {
  return unmatchedExemptions.map(({ subject, reason }) => `${subject}: ${UNMATCHED} (${reason})`);
}

/** The heading over them. */
export function unmatchedTitle(count: number): string {
  return `${plural(count, 'entry', 'entries')} of the environment file matched nothing`;
}

export const UNMATCHED = 'matched nothing in this run: nothing was let off by it';

/** What is let off in all checks: nothing is known of it, however green its check is. */
function exempted(ran: readonly CheckResult[]): string[] {
  const checks = new Map<string, string[]>();
  for (const { id, exemptions = [] } of ran)
    for (const [what, own] of Map.groupBy(exemptions, ({ what }) => what)) {
      const count = plural(new Set(own.map(exemptedObject)).size, what);
      checks.set(count, [...(checks.get(count) ?? []), id]);
    }
  const counts = [...checks].map(([count, ids]) => `${count} in ${ids.join(', ')}`);
  if (counts.length === 0) return [];
  return [
    `The environment file lets off ${counts.join('; ')}: these were not judged there. Each check names its own, with the reasons.`,
  ];
}

/** A workload may have several entries: `NAME: different nodes`, `NAME: a disruption budget`. */
function exemptedObject({ what, subject }: Exemption): string {
  return what === 'workload' ? subject.replace(/: .*$/, '') : subject;
}

/** Stand-ins that checks ran against, each with the ids of those checks. */
export function stubs(record: RunRecord): [string, string[]][] {
  return idsBy(record, ({ stubbed }) => stubbed);
}

/** What checks that ran say they used, each with the ids of those checks. */
function idsBy(record: RunRecord, used: (check: CheckResult) => readonly string[]): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const check of record.checks) {
    if (check.verdict === 'not-run') continue;
    for (const part of used(check)) found.set(part, [...(found.get(part) ?? []), check.id]);
  }
  return [...found];
}

/**
 * Of what is promised nothing is known where no check is written. Suites are named of which a report shows no other check; whether they have others
 * only the catalogue knows, since a report is of a profile or of a selection.
 */
function unwritten(record: RunRecord): string[] {
  const missing = record.checks.filter(({ built }) => !built);
  if (missing.length === 0) return [];
  const written = new Set(record.checks.filter(({ built }) => built).map(({ suite }) => suite));
  const others = [...Map.groupBy(missing, ({ suite }) => suite)].filter(([suite]) => !written.has(suite));
  const counts = others.map(([suite, checks]) => `${checks.length} of ${suite}`);
  const among = counts.length === 0 ? '' : `, among them ${counts.join(', ')}`;
  const are = missing.length === 1 ? 'is' : 'are';
  return [
    `${plural(missing.length, 'check')} that Plumbline knows ${are} not written yet${among}: nothing is known of what they are about.`,
  ];
}

/** What a run was not allowed to do, and so does not know. */
const ONLY_READ =
  'Read only: this run made and changed nothing in the cluster, its stores or through its edge. Checks that would have were not run, and what others learn by a canary was not looked at.';

/** That a goal may be missed for want of cores. Nothing where all that ran on full cores passed: that is the stronger pass. */
function onFullCores(ran: readonly CheckResult[]): string[] {
  const full = ran.filter(({ pressure }) => (pressure?.used?.mean ?? 0) >= FULL);
  const open = full.filter(({ verdict }) => verdict !== 'pass');
  if (open.length === 0) return [];
  return [
    `During ${plural(full.length, 'check')} ${Math.round(FULL * 100)} % or more of the cores of ${whose(full[0]?.pressure?.nodes)} were in use: ${open.length} of them did not pass, and might with more cores. No verdict was changed for that.`,
  ];
}

/** What a reader must know before trusting the verdict, in sentences. */
export function caveats(record: RunRecord): string[] {
  const ran = record.checks.filter((check) => check.verdict !== 'not-run');
  const assumed = ran.filter((check) => check.goalSource === 'assumed').length;
  const said: string[] = [...(record.readOnly === true ? [ONLY_READ] : []), ...unwritten(record)];
  if (assumed > 0) {
    said.push(
      `The goals of ${assumed} of ${plural(ran.length, 'check')} are assumed: no owner has confirmed them yet.`,
    );
  }
  said.push(...exempted(ran));
  for (const [part, ids] of stubs(record))
    said.push(`${part} is a stand-in (stubbed), not the product, in ${ids.join(', ')}.`);
  for (const [product, ids] of idsBy(record, ({ notMet = [] }) => notMet))
    said.push(
      `${product} is not met yet: its adapter follows the documentation and was tried on no real one before, in ${ids.join(', ')}.`,
    );
  const single = ran.filter(({ trials }) => trials.length === 1 && trials[0]?.writes !== null).length;
  if (single > 0) {
    said.push(
      `${plural(single, 'failover check')} rest${single === 1 ? 's' : ''} on one trial: that does not show how often writes are lost.`,
    );
  }
  said.push(...onFullCores(ran));
  if (record.environment.kind === 'local') said.push(NAMESPACE_NODES);
  return said.concat(record.notes);
}

/** How the environment was left, with what could not be looked at. */
export function restoredText(record: RunRecord): string {
  if (record.readOnly === true) return 'nothing was changed: the run only read';
  const { steadyAgain, unseen = [] } = record.restored;
  const steady =
    steadyAgain === null ? '' : steadyAgain ? ', steady again afterwards' : ', NOT steady afterwards';
  const unknown = unseen.length === 0 ? '' : `; could not be observed: ${unseen.join('; ')}`;
  return `${undoneText(record)}${steady}${unknown}`;
}

function undoneText({ restored: { actions, failed }, blocked, checks }: RunRecord): string {
  if (failed.length > 0) return `not restored: ${failed.join('; ')}`;
  if (actions > 0) return `${plural(actions, 'action')} that no check had undone, undone by the run`;
  if (blocked !== undefined) return 'not known: the environment could not be asked';
  return checks.every(({ startedAt }) => startedAt === null)
    ? 'nothing was done'
    : 'the checks had put back all that they changed, nothing was left to undo';
}

/** Lost writes over all trials that were read back; says so when some or all were not: unknown is not zero. */
export function lostText(trials: readonly FailoverRecord[]): string {
  const { lost, unread } = summaryOf(trials);
  const known = trials.length - unread;
  if (lost === null) return known === 0 ? 'not read back' : 'not known';
  return known === trials.length
    ? grouped(lost)
    : `${grouped(lost)} (${known} of ${trials.length} read back)`;
}

/** Why a trial has no RTO. Without a fault in force, "not steady again" would blame the store. */
export function withoutRto({ landed }: Pick<FailoverRecord, 'landed'>): string {
  if (landed.injected === false) return 'no fault was injected';
  if (!landed.proved) return 'the fault did not land';
  return 'not steady again';
}

/** The longest outage of the trials that count, upper end of its interval. */
export function worstRtoText(trials: readonly FailoverRecord[]): string {
  const { counted, worstRto } = summaryOf(trials);
  if (worstRto === undefined) {
    const none = (counted.length > 0 ? counted : trials).every(({ landed }) => landed.injected === false);
    return none ? 'no fault was injected' : 'not known';
  }
  return worstRto === null ? 'never steady again' : secondsOf(worstRto.hiMs);
}

/** `of reads 3.506 s`, and `by path direct 3.506 s` for each further path, in the same trials. */
export function pathRtos(trials: readonly FailoverRecord[]): string[] {
  return summaryOf(trials).paths.map(
    ({ name, worstMs }) => `${streamText(name)} ${worstMs === null ? 'not known' : secondsOf(worstMs)}`,
  );
}

/** ` (by path direct 3.506 s)`; empty where nothing was read and no further path is declared. */
export function pathRtoText(trials: readonly FailoverRecord[]): string {
  const said = pathRtos(trials);
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

/** Requests through the edge in the trials that count, or in all where none does. */
export function requestTotals(trials: readonly FailoverRecord[]): {
  judged: number;
  failed: number;
  refused: number;
  lastFailureMs: number;
} {
  const { counted } = summaryOf(trials);
  const sums = (counted.length > 0 ? counted : trials).flatMap(({ requests = [] }) => requests);
  const sum = (of: (one: RequestSums) => number): number => sums.reduce((all, one) => all + of(one), 0);
  return {
    judged: sum(({ judged }) => judged),
    failed: sum(failedIn),
    refused: sum(({ refused = 0 }) => refused),
    lastFailureMs: Math.max(0, ...sums.map(({ lastFailureMs }) => lastFailureMs ?? 0)),
  };
}

/** Judged requests that got no good answer and were not refused: only in these did the service fail. */
export const failedIn = ({ judged, ok, refused = 0 }: RequestSums): number => judged - ok - refused;

/** `, 20 refused`; empty where none was. */
export const refusedNote = (refused: number): string =>
  refused === 0 ? '' : `, ${grouped(refused)} refused`;

/** `3 trials`; where some do not count, `2 counted trials`, and `3 uncounted trials` where none does. */
function countedText(trials: readonly FailoverRecord[]): string {
  const counted = summaryOf(trials).counted.length;
  if (counted === 0) return plural(trials.length, 'uncounted trial');
  return counted === trials.length ? plural(counted, 'trial') : plural(counted, 'counted trial');
}

/** What a failover check showed, in one line of plain text: of the trials that count, and losses of all. */
export function failoverText({ trials }: Pick<CheckResult, 'trials'>): string {
  const { counted, elected, expected } = summaryOf(trials);
  const many = countedText(trials);
  if (trials.some(({ requests }) => requests !== undefined)) {
    const { failed, judged, refused } = requestTotals(trials);
    return `${grouped(failed)} of ${grouped(judged)} requests failed${refusedNote(refused)} in ${many}`;
  }
  const rto = `RTO ${worstRtoText(trials)}${pathRtoText(trials)}`;
  // A control plane is written to as well, and nothing of it is read back.
  if (trials.every(({ store }) => store === 'control-plane')) return `${rto} in ${many}`;
  const flagged = expected.faster + expected.slower;
  const outside = flagged === 0 ? '' : `, ${flagged} outside the expected window`;
  const lost = `lost writes ${lostText(trials)}${lossWindowText(trials)}`;
  if (counted.length === 0) return `${rto}, ${lost} in ${many}`;
  return `${rto}, ${lost}, another leader in ${elected} of ${many}${outside}`;
}

/** ` within 0.340 s`: the longest loss window of the trials; empty where there is none. */
export function lossWindowText(trials: readonly FailoverRecord[]): string {
  const longest = summaryOf(trials).lossWindowMs ?? 0;
  return longest === 0 ? '' : ` within ${secondsOf(longest)}`;
}
