import type { FailoverRecord, WriteSums } from '../../record/run-record.ts';

/** Deterministic noise in [0, 1): the same fixture on every machine. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898 + 78.233) * 43758.5453;
  return value - Math.floor(value);
}

export interface TrialOptions {
  store?: string;
  trial?: number;
  /** When the fault landed. */
  zeroAt?: string;
  fault?: string;
  /** Length of the outage, ms; null: it never ended. */
  rtoMs?: number | null;
  lost?: number;
  election?: FailoverRecord['election'];
}

const RATE_PER_BIN = 22;
const BEFORE_MS = 5000;

const DEFAULTS = {
  store: 'postgres',
  zeroAt: '2026-11-24T17:03:15.332Z',
  trial: 1,
  fault: 'pod-crash',
  rtoMs: 4213,
  lost: 0,
  election: 'elsewhere',
} as const;

/** A failover trial of PostgreSQL as a real one looks: sums that add up, phases in order, bins of 100 ms. */
export function fixtureTrial(options: TrialOptions = {}): FailoverRecord {
  const { store, zeroAt, trial, fault, rtoMs, lost, election } = { ...DEFAULTS, ...options };
  const endMs = rtoMs ?? 60_000;
  const rto = rtoMs === null ? null : { loMs: rtoMs - 6.25, hiMs: rtoMs };
  return {
    store,
    fault,
    trial,
    ...verdictOf(rtoMs, lost),
    startedAt: '2026-11-24T17:03:12.000Z',
    target: `tender/${store}-0 on worker-1`,
    landed: { proved: true, by: 'all 9 processes of the pod are gone (pid and start time)', atMs: 3_332.118 },
    election,
    leaderBefore: `${store}-0`,
    leaderAfter: `${store}-${election === 'elsewhere' ? 1 : 0}`,
    rto,
    outages: [
      {
        lastOkMs: -2.1,
        firstOkMs: rtoMs,
        lengthMs: rto ?? { loMs: endMs, hiMs: endMs },
        failed: 61,
        unknown: 14,
      },
    ],
    outageTotalMs: endMs,
    phases: phasesOf(rtoMs, election),
    writes: sumsOf(lost, rtoMs),
    lostNumbers: Array.from({ length: Math.min(lost, 100) }, (_, index) => 4021 + index),
    duplicateNumbers: [],
    lossWindowMs: lost > 0 ? lost * 5 : null,
    generatorLagMs: { p50: 0.21, p99: 1.84, max: 4.02, atEdges: 0.9 },
    writesPerSecond: 200,
    strip: stripOf(endMs, rtoMs === null, trial),
    governing: GOVERNING.map(([name, value, source]) => ({ name, value, source })),
    expectedWindowMs: { loMs: 1000, hiMs: 30_000 },
    expectedFrom: 'ttl 20 s + loop_wait 5 s at most; a leader that gives up its lease is replaced at once',
    outsideExpected: rtoMs === null ? 'unknown' : rtoMs < 1000 ? 'faster' : rtoMs > 30_000 ? 'slower' : 'no',
    zeroAt,
    clientLoad: {
      client: `${store} client, one attempt per operation`,
      ratePerSecond: 200,
      readRatePerSecond: 20,
      settings: [
        { name: 'operationTimeoutMs', value: '1000' },
        { name: 'connectTimeoutMs', value: '100' },
        { name: 'connections', value: '12' },
        { name: 'scheduling', value: 'real-time 2' },
      ],
      definiteFailures: [
        'connect: any error before the statement was sent',
        '25006: cannot execute INSERT in a read-only transaction',
      ],
    },
    afterwards: {
      steady: true,
      detail: `${store}-1 leads, 2 members follow, 1 of them synchronous`,
      roles: [
        {
          store,
          before: 'leader, replica, sync_standby; steady',
          after: 'leader, replica, sync_standby; steady',
        },
      ],
      objects: 63,
      differences: [],
    },
  };
}

const GOVERNING = [
  ['ttl', '20', 'Patroni REST /config'],
  ['loop_wait', '5', 'Patroni REST /config'],
  ['retry_timeout', '5', 'Patroni REST /config'],
  ['primary_start_timeout', '0', 'Patroni REST /config'],
  ['synchronous_mode_strict', 'true', 'Patroni REST /config'],
  ['fsync', 'on', 'pg_settings'],
  ['synchronous_commit', 'on', 'pg_settings'],
] as const;

function verdictOf(rtoMs: number | null, lost: number): Pick<FailoverRecord, 'verdict' | 'reason'> {
  if (rtoMs === null) return { verdict: 'fail', reason: 'RTO > deadline: not steady again within 120 s' };
  if (lost > 0) return { verdict: 'fail', reason: `${lost} acknowledged writes lost, 0 allowed` };
  return { verdict: 'pass', reason: 'met its goals' };
}

function phasesOf(rtoMs: number | null, election: FailoverRecord['election']): FailoverRecord['phases'] {
  const back = rtoMs ?? 0;
  const at = (share: number): number | null => (rtoMs === null ? null : Math.round(back * share));
  return [
    { name: 'landed', atMs: 0, errorMs: 2 },
    { name: 'detected', atMs: rtoMs === null ? 1240 : at(0.42), errorMs: 50, detail: 'Patroni: no leader' },
    { name: 'elected', atMs: election === 'elsewhere' ? at(0.71) : null, errorMs: 50, detail: 'postgres-1' },
    { name: 'endpoint moved', atMs: election === 'elsewhere' ? at(0.86) : null, errorMs: 125 },
    { name: 'first ok write', atMs: at(1), errorMs: 3 },
    { name: 'steady', atMs: at(1), errorMs: 3 },
    { name: 'replicas restored', atMs: rtoMs === null ? null : Math.round(back * 4.4), errorMs: 250 },
  ];
}

function sumsOf(lost: number, rtoMs: number | null): WriteSums | null {
  if (rtoMs === null) return null;
  const failed = Math.round((rtoMs / 1000) * 190);
  const sums = {
    fail: failed,
    unknown: 14,
    unsent: 0,
    lost,
    recovered: 3,
    absent: 11,
    failAbsent: failed,
    unexpected: 0,
    duplicates: 0,
  };
  const ok = 7213;
  return { scheduled: ok + sums.fail + sums.unknown, ok, present: ok - lost, ...sums };
}

function stripOf(endMs: number, endless: boolean, seed: number): FailoverRecord['strip'] {
  const bins: FailoverRecord['strip'] = [];
  const until = endless ? endMs : endMs + 8000;
  for (let at = -BEFORE_MS; at < until; at += 100) {
    const jitter = Math.round(noise(seed * 1000 + at) * 3);
    const down = at >= 0 && at < endMs;
    bins.push(down ? [at, 0, RATE_PER_BIN - jitter] : [at, RATE_PER_BIN - jitter, 0]);
  }
  return bins;
}
