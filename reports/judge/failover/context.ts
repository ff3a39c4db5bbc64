import type { History, Observation } from '../../record/history.ts';
import type { Afterwards, FailoverRecord, Workload } from '../../record/run-record.ts';
import type { Trial } from './trial.ts';
import { text } from './trial.ts';
import { seconds } from './verdict.ts';

/** Differences and remarks kept in a record; the history has them all. */
const MAX_LISTED = 20;
const MAX_CHARS = 300;

type Context = Pick<FailoverRecord, 'zeroAt' | 'workload' | 'afterwards' | 'remarks' | 'expectedFrom'>;

/** What a reader needs beside the figures: when it was, who asked, how the environment was left, and what to know of it. */
export function contextOf(history: History, trial: Trial): Context {
  const workload = workloadOf(history);
  const afterwards = afterwardsOf(history);
  const remarks = remarksOf(history, trial);
  const derivation = history.observations.findLast((seen) => seen.kind === 'expected-window')?.['derivation'];
  return {
    ...zeroOf(history, trial),
    ...(typeof derivation === 'string' && { expectedFrom: derivation }),
    ...(workload !== null && { workload }),
    ...(afterwards !== null && { afterwards }),
    ...(remarks.length > 0 && { remarks }),
  };
}

function zeroOf({ header }: History, { zeroMs }: Trial): Pick<FailoverRecord, 'zeroAt'> {
  const wallMs = Date.parse(header.anchor.wall) + zeroMs - header.anchor.monoMs;
  return Number.isFinite(wallMs) ? { zeroAt: new Date(wallMs).toISOString() } : {};
}

function workloadOf({ observations }: History): Workload | null {
  const seen = observations.find((one) => one.kind === 'workload');
  if (seen === undefined) return null;
  const settings = (seen['settings'] ?? {}) as Record<string, unknown>;
  return {
    client: text(seen['client']),
    ratePerSecond: numberOf(seen['ratePerSecond']),
    readRatePerSecond: numberOf(seen['readRatePerSecond']),
    settings: Object.entries(settings).map(([name, value]) => ({ name, value: plain(value) })),
    sureFailures: listOf(seen['sureFailures']),
  };
}

/** The last look counts: a wait may look more than once. */
function afterwardsOf({ observations }: History): Afterwards | null {
  const steady = observations.findLast((one) => one.kind === 'steady-after');
  const compared = observations.findLast((one) => one.kind === 'as-before');
  if (steady === undefined && compared === undefined) return null;
  return {
    steady: steady === undefined ? null : steady['ok'] === true,
    detail: steady === undefined ? 'not looked at' : text(steady['detail']),
    ...comparisonOf(compared),
  };
}

function comparisonOf(
  compared: Observation | undefined,
): Pick<Afterwards, 'roles' | 'objects' | 'differences'> {
  if (compared === undefined) return { roles: [], objects: null, differences: [] };
  const roles = (compared['roles'] ?? []) as { store: string; before: string; after: string }[];
  return {
    roles: roles.map(({ store, before, after }) => ({ store, before, after })),
    objects: numberOf(compared['objects']),
    differences: listOf(compared['differences']),
  };
}

function remarksOf({ observations }: History, trial: Trial): string[] {
  const said = observations.filter((seen) => seen.kind === 'remark').map((seen) => text(seen['text']));
  const again = observations.flatMap((seen) =>
    seen.kind === 'readback-again'
      ? [`read back a second time, since not all could be read the first time: ${text(seen['reason'])}`]
      : [],
  );
  const single = trial.members === 1 ? [ONE_MEMBER] : [];
  const away = trial.awayMs > 0 && Number.isFinite(trial.awayMs) ? [givenBack(trial.awayMs)] : [];
  return [...new Set([...single, ...away, ...again, ...said])]
    .slice(0, MAX_LISTED)
    .map((one) => one.slice(0, MAX_CHARS));
}

const ONE_MEMBER = 'one member: it cannot fail over; what is measured is its restart';
const givenBack = (awayMs: number): string =>
  `the majority was given back ${seconds(awayMs)} s after it had been hurt: without it nothing comes back, so that goal and deadline of the RTO count from there`;

function listOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_LISTED).map((one) => plain(one).slice(0, MAX_CHARS));
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
