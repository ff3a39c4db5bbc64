/** What every report and judge says of several trials. */
import type { FailoverRecord, Interval, WriteSums } from './run-record.ts';

/** What a series of trials showed. */
export interface TrialSummary {
  /** Trials that passed or failed: one that was cut off, or in which too little was seen, says nothing. */
  counted: FailoverRecord[];
  /** Those of them in which a fault was injected: the others say nothing of a recovery. */
  injected: FailoverRecord[];
  /** The longest RTO of these, by its upper end; null: one was never steady again. undefined: no fault was injected. */
  worstRto: Interval | null | undefined;
  /** The same of reads, and of each further path of clients, by the path's name. */
  paths: ({ name: string } & PathSummary)[];
  /** Sums of the writes that say something of losses. */
  readBack: WriteSums[];
  /** Lost and doubled writes of these; null: nothing was read back, and unknown is not zero. */
  lost: number | null;
  duplicates: number | null;
  /** Trials whose writes were not read back, counted or not. */
  unread: number;
  /** Longest time between the first and the last lost acknowledgement of any trial, ms; null: no trial has one. */
  lossWindowMs: number | null;
  /** Counted trials that elected another leader, and that recovered in place. */
  elected: number;
  inPlace: number;
  /** Counted trials by how their RTO compares with what the live settings predict; those that could not be compared are left out. */
  expected: { inside: number; faster: number; slower: number };
}

/** Reads beside the writes, among the paths of a record: no path can be called so. */
export const READS = 'READS';

/** `by path direct`, or `of reads`. */
export const streamText = (name: string): string => (name === READS ? 'of reads' : `by path ${name}`);

interface PathSummary {
  /** Upper ends of the RTOs that are known, ms, one a trial. */
  rtosMs: number[];
  /** The largest of them; null: it is not known of every trial. */
  worstMs: number | null;
}

export function summaryOf(trials: readonly FailoverRecord[]): TrialSummary {
  const counted = trials.filter(doesCount);
  const injected = counted.filter(({ landed }) => landed.injected !== false);
  const count = (fits: (trial: FailoverRecord) => boolean): number => counted.filter(fits).length;
  const compares = (how: FailoverRecord['outsideExpected']): number =>
    count(({ outsideExpected }) => outsideExpected === how);
  const readBack = trials.flatMap(tellingSums);
  return {
    counted,
    injected,
    worstRto: slowest(injected),
    paths: pathsOf(injected),
    readBack,
    lost: sumOf(readBack.map(({ lost }) => lost)),
    duplicates: sumOf(readBack.map(({ duplicates }) => duplicates)),
    unread: trials.filter(({ writes }) => writes === null).length,
    lossWindowMs: most(trials.flatMap(({ lossWindowMs }) => lossWindowMs ?? [])),
    elected: count(({ election }) => election === 'elsewhere'),
    inPlace: count(({ election }) => election === 'in place'),
    expected: { inside: compares('no'), faster: compares('faster'), slower: compares('slower') },
  };
}

const doesCount = ({ verdict }: FailoverRecord): boolean => verdict === 'pass' || verdict === 'fail';

/** A write that is lost or doubled is a fact in any trial, but a trial that does not count proves nothing by losing none. */
function tellingSums(trial: FailoverRecord): WriteSums[] {
  const { writes } = trial;
  if (writes === null) return [];
  return doesCount(trial) || writes.lost > 0 || writes.duplicates > 0 ? [writes] : [];
}

function slowest(trials: readonly FailoverRecord[]): Interval | null | undefined {
  let found: Interval | undefined;
  for (const { rto } of trials) {
    if (rto === null) return null;
    if (found === undefined || rto.hiMs > found.hiMs) found = rto;
  }
  return found;
}

function pathsOf(injected: readonly FailoverRecord[]): TrialSummary['paths'] {
  const all = injected.flatMap(({ paths = [] }) => paths);
  return [...Map.groupBy(all, ({ name }) => name)].map(([name, records]) => {
    const rtosMs = records.flatMap(({ rto }) => (rto === null ? [] : [rto.hiMs]));
    return { name, rtosMs, worstMs: rtosMs.length < records.length ? null : most(rtosMs) };
  });
}

const sumOf = (counts: readonly number[]): number | null =>
  counts.length === 0 ? null : counts.reduce((sum, one) => sum + one, 0);

/** null: there is none */
export const most = (values: readonly number[]): number | null =>
  values.length === 0 ? null : Math.max(...values);
