import { parseDuration } from './duration.ts';
import type { LoadOptions, NamedScenario } from './scenario.ts';

/** Options that k6 always lists in `exec.test.options` (its lib.Options as JSON); null: not given. */
const TOLD = [
  'paused',
  'executionSegment',
  'executionSegmentSequence',
  'noSetup',
  'setupTimeout',
  'noTeardown',
  'teardownTimeout',
  'handleSummaryTimeout',
  'rps',
  'dns',
  'maxRedirects',
  'userAgent',
  'batch',
  'batchPerHost',
  'httpDebug',
  'insecureSkipTLSVerify',
  'tlsCipherSuites',
  'tlsVersion',
  'tlsAuth',
  'throw',
  'thresholds',
  'blacklistIPs',
  'blockHostnames',
  'hosts',
  'noConnectionReuse',
  'noVUConnectionReuse',
  'minIterationDuration',
  'ext',
  'summaryTrendStats',
  'summaryTimeUnit',
  'systemTags',
  'tags',
  'metricSamplesBufferSize',
  'noCookiesReset',
  'discardResponseBodies',
  'consoleOutput',
  'localIPs',
] as const;
const BASE = ['startTime', 'gracefulStop', 'env', 'exec', 'tags'] as const;
const ITERATING = ['vus', 'iterations', 'maxDuration'] as const;
const POOL = ['timeUnit', 'preAllocatedVUs', 'maxVUs'] as const;
const FIELDS: Readonly<Record<NamedScenario['executor'], readonly string[]>> = {
  'constant-vus': ['vus', 'duration'],
  'ramping-vus': ['startVUs', 'stages', 'gracefulRampDown'],
  'shared-iterations': ITERATING,
  'per-vu-iterations': ITERATING,
  'constant-arrival-rate': ['rate', 'duration', ...POOL],
  'ramping-arrival-rate': ['startRate', 'stages', ...POOL],
};
const DURATIONS = new Set([
  'startTime',
  'gracefulStop',
  'duration',
  'maxDuration',
  'gracefulRampDown',
  'timeUnit',
  'setupTimeout',
  'teardownTimeout',
]);
const SHORTCUTS: Readonly<Record<string, string>> = { maxDuration: 'duration', startVUs: 'vus' };

type Fields = Readonly<Record<string, unknown>>;

/** The value of `exec.test.options`: the script's options, with shortcuts expanded to scenarios, and each scenario with all its fields. */
export function consolidated(raw: Fields, { scenarios, shared }: LoadOptions): object {
  const given = isShort(raw) ? {} : ((raw['scenarios'] ?? {}) as Record<string, Fields | undefined>);
  return {
    ...told(TOLD, raw),
    summaryTrendStats: shared.summaryTrendStats,
    scenarios: Object.fromEntries(
      scenarios.map((one) => [one.name, fieldsOf(one, given[one.name] ?? fromShort(one, raw))]),
    ),
  };
}

/** Whether a shortcut defines what runs. `vus` does even if there are scenarios. */
function isShort({ vus, iterations, duration, stages }: Fields): boolean {
  const ramps = Array.isArray(stages) && stages.length > 0;
  return ramps || [vus, iterations, duration].some((one) => one !== undefined && one !== null);
}

/** The shortcuts written as the fields of a scenario. */
function fromShort(scenario: NamedScenario, raw: Fields): Fields {
  const long: Record<string, unknown> = {};
  for (const name of FIELDS[scenario.executor]) long[name] = raw[SHORTCUTS[name] ?? name];
  if (scenario.executor === 'shared-iterations') long['iterations'] = scenario.iterations;
  return long;
}

function fieldsOf({ executor }: NamedScenario, given: Fields): Fields {
  return { executor, ...told([...BASE, ...FIELDS[executor]], given) };
}

/** These fields, with null for those that were not given. */
function told(names: readonly string[], given: Fields): Fields {
  return Object.fromEntries(names.map((name) => [name, written(name, given[name] ?? null)]));
}

function written(name: string, value: unknown): unknown {
  if (name === 'stages' && Array.isArray(value))
    return value.map((one: Fields) => ({ ...one, duration: written('duration', one['duration'] ?? null) }));
  if (!DURATIONS.has(name) || (typeof value !== 'string' && typeof value !== 'number')) return value;
  const ms = parseDuration(value);
  return ms === null ? value : goDuration(ms);
}

/** A duration as Go formats it: `1m0s`, `1.5s`, `250ms`. */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1000) return ms < 1 ? `${ms * 1000}µs` : `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${Number(((ms % 60_000) / 1000).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
