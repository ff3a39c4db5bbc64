import type { History } from '../../../../reports/record/history/history.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import type { FailoverRecord, Interval, Phase } from '../../../../reports/record/run-record.ts';
import { all } from '../../../../reports/judge/observed.ts';
import type { Episode } from '../../../../reports/judge/failover/outages/recovery.ts';
import type { Trial } from '../trial.ts';

export interface Leaders {
  before: string | null;
  after: string | null;
  election: FailoverRecord['election'];
}

/** Which role the trial is about: the leader's of the data, or the cluster's master where that was aimed at. */
export function roleOf({ header }: History): 'leader' | 'master' {
  return header.settings.failover?.target === 'master' ? 'master' : 'leader';
}

type RoleSeen = Seen<'leader' | 'master'>;

/** Everything that was seen of that role. */
function holders(history: History): RoleSeen[] {
  return all(history, roleOf(history));
}

/** Who led before and after, and whether another leader was elected; only observations after the fault decide that. */
export function leadersOf(history: History, trial: Trial): Leaders {
  const seen = holders(history);
  const faultMs = trial.faultMs ?? Infinity;
  const nameOf = (one: RoleSeen | undefined): string | null => one?.leader ?? null;
  const before = nameOf(seen.findLast((one) => one.t <= faultMs && nameOf(one) !== null));
  const later = seen.filter((one) => knownMs(one) > faultMs && nameOf(one) !== null);
  const after = nameOf(later.at(-1));
  if (trial.members === 1) return { before, after, election: 'not applicable' };
  if (before === null || after === null) return { before, after, election: 'not seen' };
  const elsewhere = later.some((one) => nameOf(one) !== before);
  return { before, after, election: elsewhere ? 'elsewhere' : 'in place' };
}

/** The last line of an observer repeats what it knew at its last look. */
function knownMs({ t, pollMs, final }: RoleSeen): number {
  return final === true ? t - pollMs : t;
}

/** How late a change of the endpoints is seen at most: they are read from the cluster's cache every 100 ms, and looked at every 20 ms. */
const ENDPOINT_MS = 120;

/** Annotations: each may be missing, each has its own error, and they need not add up to the RTO. */
export function phasesOf(history: History, trial: Trial, episode: Episode | null): Phase[] {
  const { zeroMs } = trial;
  const before = leadersOf(history, trial).before;
  const isAfter = ({ t }: { t: number }): boolean => t > (trial.faultMs ?? Infinity);
  const leaders = holders(history).filter((one) => one.final !== true && isAfter(one));
  const detected = leaders.find(({ leader }) => leader !== before);
  const elected = leaders.find(
    ({ leader, t }) => leader !== null && detected !== undefined && t >= detected.t,
  );
  const moved = endpointAtRecovery(all(history, 'endpoint').filter(isAfter), episode);
  return [
    landedPhase(trial),
    polled('detected', detected, zeroMs, 'the lease was released or expired'),
    polled('elected', elected, zeroMs, elected?.leader ?? undefined),
    polled(
      'endpoint moved',
      moved && { t: moved.t, pollMs: ENDPOINT_MS },
      zeroMs,
      moved?.addresses.join(', '),
    ),
    bounded('first ok write', episode?.outages[0]?.end, zeroMs),
    bounded('steady', episode?.steadyFromMs === null ? undefined : episode?.end, zeroMs),
    polled('replicas restored', restored(history, trial), zeroMs),
  ];
}

/**
 * The change that led clients back: the last one before writes succeeded again. Before it, a Service may have pointed nowhere, or to
 * the old leader's restarted pod. Without a recovery: the first address that appeared.
 */
function endpointAtRecovery(
  changes: readonly Seen<'endpoint'>[],
  episode: Episode | null,
): Seen<'endpoint'> | undefined {
  const somewhere = changes.filter(({ addresses }) => addresses.length > 0);
  const endMs = episode?.end.hiMs ?? Infinity;
  // Changes are seen by polling: one seen up to one interval after the first success may have come before it.
  const before = somewhere.filter(({ t }) => t - ENDPOINT_MS <= endMs);
  return Number.isFinite(endMs) ? before.at(-1) : somewhere[0];
}

function landedPhase({ landedMs, actedMs }: Trial): Phase {
  if (landedMs === null) return { name: 'landed', atMs: null, errorMs: 0 };
  // It took effect somewhere between the action and its proof.
  return { name: 'landed', atMs: 0, errorMs: Math.max(0, landedMs - (actedMs ?? landedMs)) };
}

/** First time after the fault that as many replicas stream as before, once fewer did. */
function restored(history: History, trial: Trial): Seen<'members'> | undefined {
  const seen = all(history, 'members');
  const faultMs = trial.faultMs ?? Infinity;
  const before = seen.findLast(({ t }) => t <= faultMs)?.streaming;
  if (before === undefined) return undefined;
  const fewer = seen.find(({ t, streaming }) => t > faultMs && streaming < before);
  return seen.find(({ t, streaming }) => fewer !== undefined && t > fewer.t && streaming >= before);
}

/** Seen at t by looking every `pollMs`: it happened within that interval. */
function polled(
  name: Phase['name'],
  one: { t: number; pollMs: number } | undefined,
  zeroMs: number,
  detail?: string,
): Phase {
  if (one === undefined) return { name, atMs: null, errorMs: 0 };
  const half = one.pollMs / 2;
  return {
    name,
    atMs: round(one.t - half - zeroMs),
    errorMs: round(half),
    ...(detail === undefined ? {} : { detail }),
  };
}

function bounded(name: Phase['name'], interval: Interval | undefined, zeroMs: number): Phase {
  if (interval === undefined || !Number.isFinite(interval.hiMs)) return { name, atMs: null, errorMs: 0 };
  const half = (interval.hiMs - interval.loMs) / 2;
  return { name, atMs: round(interval.loMs + half - zeroMs), errorMs: round(half) };
}

export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export function rounded({ loMs, hiMs }: Interval): Interval {
  return { loMs: round(loMs), hiMs: round(hiMs) };
}
