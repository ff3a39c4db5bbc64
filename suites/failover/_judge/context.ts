import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { Afterwards, FailoverRecord, ClientLoad } from '../../../reports/record/run-record.ts';
import { all, first, last } from '../../../reports/judge/observed.ts';
import type { Trial } from './trial.ts';
import { seconds } from './outages/rto.ts';

/** Differences and remarks kept in a record; the history has them all. */
const MAX_LISTED = 20;
const MAX_CHARS = 300;

type Context = Pick<FailoverRecord, 'zeroAt' | 'clientLoad' | 'afterwards' | 'remarks' | 'expectedFrom'>;

/** What a reader needs beside the figures: when it ran, who ran it, how the environment was left, and remarks. */
export function contextOf(history: History, trial: Trial): Context {
  const clientLoad = clientLoadOf(history);
  const afterwards = afterwardsOf(history);
  const remarks = remarksOf(history, trial);
  const derivation = last(history, 'expected-window')?.derivation;
  return {
    ...zeroOf(history, trial),
    ...(derivation !== undefined && { expectedFrom: derivation }),
    ...(clientLoad !== null && { clientLoad }),
    ...(afterwards !== null && { afterwards }),
    ...(remarks.length > 0 && { remarks }),
  };
}

function zeroOf({ header }: History, { zeroMs }: Trial): Pick<FailoverRecord, 'zeroAt'> {
  const wallMs = Date.parse(header.anchor.wall) + zeroMs - header.anchor.monoMs;
  return Number.isFinite(wallMs) ? { zeroAt: new Date(wallMs).toISOString() } : {};
}

function clientLoadOf(history: History): ClientLoad | null {
  const seen = first(history, 'client-load-start');
  if (seen === undefined) return null;
  const { client, ratePerSecond, readRatePerSecond, settings, definiteFailures } = seen;
  return {
    client,
    ratePerSecond,
    readRatePerSecond,
    settings: Object.entries(settings).map(([name, value]) => ({ name, value: String(value) })),
    definiteFailures: listOf(definiteFailures),
  };
}

/** The last look counts: a wait may look more than once. */
function afterwardsOf(history: History): Afterwards | null {
  const steady = last(history, 'steady-after');
  const compared = last(history, 'as-before');
  if (steady === undefined && compared === undefined) return null;
  return {
    steady: steady?.ok ?? null,
    detail: steady?.detail ?? 'not checked',
    ...comparisonOf(compared),
  };
}

function comparisonOf(
  compared: Seen<'as-before'> | undefined,
): Pick<Afterwards, 'roles' | 'objects' | 'differences'> {
  if (compared === undefined) return { roles: [], objects: null, differences: [] };
  const { roles, objects, differences } = compared;
  return { roles, objects, differences: listOf(differences.map(({ text }) => text)) };
}

function remarksOf(history: History, trial: Trial): string[] {
  const said = all(history, 'remark').map(({ text }) => text);
  const again = all(history, 'readback-again').map(
    ({ reason }) =>
      `the store was read back a second time, since not all of it could be read the first time: ${reason}`,
  );
  const single = trial.members === 1 ? [ONE_MEMBER] : [];
  const away = trial.awayMs > 0 && Number.isFinite(trial.awayMs) ? [givenBack(trial.awayMs)] : [];
  const several = all(history, 'several-leaders').map(severalLed);
  return [...new Set([...single, ...away, ...again, ...several, ...said])]
    .slice(0, MAX_LISTED)
    .map((one) => one.slice(0, MAX_CHARS));
}

function severalLed({ leaders, wrote, byDesign, betweenMs }: Seen<'several-leaders'>): string {
  const [fromMs, toMs] = betweenMs;
  const seen = `${leaders.join(' and ')} led at the same time for ${seconds(toMs - fromMs)} s; writes of clients were seen on ${wrote.join(', ') || 'none of them'}`;
  return byDesign !== undefined && wrote.length > 1 ? `${seen}: ${byDesign}` : seen;
}

const ONE_MEMBER = 'the store has one member and cannot fail over: its restart is what was measured';
const givenBack = (awayMs: number): string =>
  `the majority was returned ${seconds(awayMs)} s after the fault hit it: the store cannot recover without it, so goal and deadline of the RTO count from its return`;

function listOf(all: readonly string[]): string[] {
  return all.slice(0, MAX_LISTED).map((one) => one.slice(0, MAX_CHARS));
}
