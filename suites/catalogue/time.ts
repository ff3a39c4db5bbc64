/** How long checks may take: what several of them share. */
import type { Environment, TimeoutName } from '../../env/schema.ts';
import type { Time, Work } from './types.ts';

/** A check that looks, and at most starts a pod. */
export const shortTime: Time = { waits: ['podReady', 'podGone', 'volumeBound', 'settle'], usualMs: 4_000 };

/** Waits after the last request or line of a telemetry check: late arrivals, last queries of two stores, removal of the canary pods. */
export const ARRIVAL = [
  'telemetryLate',
  'telemetryQuery',
  'telemetryQuery',
  'telemetryQuery',
  'edgeRequest',
  'podReady',
  'podGone',
  'settle',
] as const satisfies TimeoutName[];

/** Steady state, a quiet stretch, landing, recovery, the members' return, read-back, settling. */
const OF_A_STORE: readonly TimeoutName[] = [
  'steadyState',
  'steadyState',
  'faultLanding',
  'podReady', // the privileged pod
  'switchover',
  'faultHold',
  'nodeReady',
  'rtoDeadline',
  'membersRejoined',
  'rtoDeadline', // writes continue after the members have returned
  'clientLoadStop',
  'readBack',
  'settle', // the read-back is repeated if a member went away during it
  'readBack',
  'settle',
  'settle',
  'membersRejoined', // the other stores
];

const steadyMs = ({ drills }: Environment): number => drills.steadySeconds * 1000;

/** One trial of a fault of a store. */
export const storeTrial: Time = {
  waits: OF_A_STORE,
  workMs: steadyMs,
  usualMs: (environment) => steadyMs(environment) + 50_000,
};

/** A writer on a lost node writes all its lines again when the node is back, and somewhat slower than asked. */
const WRITTEN_TWICE = 2.5;

/** A trial of a store during which requests and log lines are followed: the trial's time, the time of following, and the waits after the last request and line. */
export const storeTrialFollowed: Time = {
  waits: OF_A_STORE,
  workMs: (environment, work) => steadyMs(environment) + followedUnderFaultMs(environment, work),
  usualMs: (environment) =>
    steadyMs(environment) + 50_000 + (environment.telemetry?.canary.underFaultSeconds ?? 0) * 1000,
};

function followedUnderFaultMs({ telemetry }: Environment, { goals, waitMs }: Work): number {
  if (telemetry === undefined) return 0;
  return (
    WRITTEN_TWICE * telemetry.canary.underFaultSeconds * 1000 +
    (goals.visibleSeconds ?? 0) * 1000 +
    ARRIVAL.reduce((sum, name) => sum + waitMs(name), 0)
  );
}

/** How long the requests and lines of a check of telemetry take at most, ms. */
export function followedMs({ telemetry }: Environment): number {
  if (telemetry === undefined) return 0;
  const { requests, few, perSecond, lines, linesPerSecond } = telemetry.canary;
  return Math.max(requests / perSecond, few / perSecond, lines / linesPerSecond) * 1000 * 1.5;
}

/** Until the last trace or line has been found, and what was made is gone. */
const USUALLY_FOUND_MS = 20_000;

/** Usual time of a check that sends the canary requests that a key of `telemetry.canary` counts, and follows them, ms. */
export function usualRequestsMs(key: 'requests' | 'few'): (environment: Environment) => number {
  return ({ telemetry }) => {
    if (telemetry === undefined) return 0;
    return (telemetry.canary[key] / telemetry.canary.perSecond) * 1000 + USUALLY_FOUND_MS;
  };
}

/** Usual time of a check whose pods write the lines of `telemetry.canary`, ms. */
export function usualLinesMs({ telemetry }: Environment): number {
  if (telemetry === undefined) return 0;
  return (telemetry.canary.lines / telemetry.canary.linesPerSecond) * 1000 + USUALLY_FOUND_MS;
}
