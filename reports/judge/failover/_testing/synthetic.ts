/** Histories of trials made up for tests: a service that works, stops at a known time, and works again. */
// Judges know stores by what their declarations say.
import '../../../../probes/declared-stores.ts';
import { HISTORY_SCHEMA, OUTCOMES } from '../../../record/history/history.ts';
import type { History, Observation, Operations, Outcome } from '../../../record/history/history.ts';
import type { FailoverRecord } from '../../../record/run-record.ts';
import { first } from '../../observed.ts';

interface Op {
  n: number;
  intended: number;
  sent: number;
  done: number;
  outcome: Outcome;
  detail?: string;
}

export interface Outline {
  /** Milliseconds of the trial, when the fault comes and how long it lasts; the clock starts at 1,000,000. */
  lengthMs?: number;
  faultAtMs?: number;
  /** Begin and length of each outage, ms. */
  outages?: [number, number][];
  spacingMs?: number;
  latencyMs?: number;
  goals?: Record<string, unknown>;
  settings?: Record<string, unknown>;
  check?: string;
}

export const START = 1_000_000;
/** Of whatever these trials hit. */
export const PROOF = 'pids 11, 12 of postgres-0 and postgres-1 are gone, so is worker-1';

const MEMBERS = ['postgres-0', 'postgres-1', 'postgres-2'];
/** Where clients of a further path connect. */
const PATH_ADDRESS = { host: '198.18.75.6', port: 6432 };
/** Writes from one read to the next. */
const READ_SPACING = 10;
/** Of tests that are about writes. */
const WIDE = { readsRtoSeconds: 600 };
const STORES = {
  postgres: {
    members: 3,
    statefulSet: { namespace: 'tender', name: 'postgres' },
    clientLoad: { writesPerSecond: 200, readsPerSecond: 20 },
    patroni: {},
  },
};
const GOVERNING = {
  ttl: '20',
  loop_wait: '5',
  retry_timeout: '5',
  primary_start_timeout: '0',
  maximum_lag_on_failover: '1048576',
  synchronous_mode: 'true',
  synchronous_mode_strict: 'true',
  failsafe_mode: 'true',
  data_checksums: 'on',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  synchronous_standby_names: '"postgres-1"',
  wal_level: 'replica',
  wal_log_hints: 'on',
};
const ROLES = [{ store: 'postgres', before: 'leader, 2 replicas', after: 'leader, 2 replicas' }];
const ESTIMATE = {
  from: 'window',
  outageMs: 28_000,
  share: 1,
  estimateMs: 28_000,
  derivation: 'ttl + loop_wait',
  enforced: false,
};

/** The client load's own description of its settings. */
export function clientOf(spacingMs: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const ratePerSecond = 1000 / spacingMs;
  return {
    store: 'postgres',
    run: 'r1',
    client: 'test',
    ratePerSecond,
    readRatePerSecond: ratePerSecond / READ_SPACING,
    settings: {
      operationTimeoutMs: 1000,
      connectTimeoutMs: 100,
      waitTimeoutMs: 500,
      connections: 12,
      maxConnections: 16,
      host: '198.18.128.32',
      port: 5432,
      scheduling: 'niceness 0',
    },
    definiteFailures: ['25006: read-only'],
    ...more,
  };
}

/** A fault that is armed for these pods, named with commas between them. */
export function armedFor(fault: string, target: string): Record<string, unknown> {
  const members = target
    .split(', ')
    .map((name) => ({ name, uid: `uid-${name}`, node: 'worker-1', found: '' }));
  return { fault, target, members };
}

/** A trial in which everything is as it should be; tests then change one thing. */
export class Synthetic {
  readonly writes: Op[] = [];
  readonly reads: Op[] = [];
  observations: Observation[] = [];
  damaged: History['damaged'] = [];
  readonly outline: Required<Outline>;
  /** Loads of further paths, by name; null: declared, and not recorded. */
  readonly #paths = new Map<string, Synthetic | null>();

  constructor(outline: Outline = {}) {
    this.outline = {
      lengthMs: 16_000,
      faultAtMs: 5_000,
      outages: [[5_000, 2_000]],
      spacingMs: 5,
      latencyMs: 1,
      goals: { rtoSeconds: 30, lostWrites: 0, minTrials: 1 },
      settings: { members: 3, rtoDeadlineMs: 60_000, stores: STORES },
      check: 'failover/postgres/pod-crash',
      ...outline,
    };
    this.#fillWrites();
    this.#fillReads();
    this.#fillObservations();
    this.readBack();
  }

  #fillWrites(): void {
    const { lengthMs, spacingMs, latencyMs, outages } = this.outline;
    for (let n = 1, at = 0; at < lengthMs; n++, at = (n - 1) * spacingMs) {
      const down = outages.some(([from, length]) => at + latencyMs >= from && at < from + length);
      const intended = START + at;
      this.writes.push({
        n,
        intended,
        sent: intended + 0.1,
        done: intended + 0.1 + (down ? 0.4 : latencyMs),
        outcome: down ? 'fail' : 'ok',
        ...(down ? { detail: 'connect: ECONNREFUSED' } : {}),
      });
    }
  }

  /** One read for ten writes; each sees the newest write that was acknowledged by then. */
  #fillReads(): void {
    const { lengthMs, latencyMs, spacingMs, outages } = this.outline;
    const acknowledged = this.writes.filter(({ outcome }) => outcome === 'ok');
    let newest = 0;
    for (let n = 1, at = spacingMs / 2; at < lengthMs; n++, at += READ_SPACING * spacingMs) {
      const intended = START + at;
      const sent = intended + 0.1;
      while ((acknowledged[newest]?.done ?? Infinity) <= sent) newest++;
      const down = outages.some(([from, length]) => at + latencyMs >= from && at < from + length);
      this.reads.push({
        n,
        intended,
        sent,
        done: sent + (down ? 0.4 : latencyMs),
        outcome: down ? 'fail' : 'ok',
        detail: down ? 'connect: ECONNREFUSED' : String(acknowledged[newest - 1]?.n ?? 0),
      });
    }
  }

  #fillObservations(): void {
    const { faultAtMs, lengthMs, outages } = this.outline;
    const fault = START + faultAtMs;
    const back = fault + (outages[0]?.[1] ?? 0);
    const see = (t: number, kind: string, fields: Record<string, unknown> = {}): void => {
      this.observations.push({ kind, t, ...fields } as Observation);
    };
    see(START - 110, 'stage', { name: 'steady before' });
    for (const [name, value] of Object.entries(GOVERNING))
      see(START - 100, 'governing', { name, value, source: 'Patroni /config' });
    see(START - 100, 'expected-window', { loMs: 1000, hiMs: 28_000, derivation: 'ttl + loop_wait' });
    see(START - 109, 'steady', { ok: true, leader: 'postgres-0', detail: 'all there' });
    see(START - 80, 'leader', { leader: 'postgres-0', pollMs: 100 });
    see(START - 80, 'endpoint', { addresses: ['198.18.74.5'] });
    see(START - 80, 'members', { streaming: 2, pollMs: 500 });
    see(START - 10, 'client-load-start', clientOf(this.outline.spacingMs));
    see(fault - 3, 'stage', { name: 'fault' });
    see(fault - 2, 'budget-estimate', ESTIMATE);
    see(fault - 1, 'fault-armed', armedFor('pod-crash', 'postgres-0'));
    see(fault, 'fault-acted', { member: 'postgres-0', did: '2 processes signalled' });
    const landing = {
      by: 'processes gone',
      proof: PROOF,
    };
    see(fault + 2, 'fault-landed', { ...landing, betweenMs: [fault + 1, fault + 2] });
    see(fault + 3, 'stage', { name: 'recovery' });
    see(fault + 1000, 'leader', { leader: null, pollMs: 100 });
    see(back - 200, 'leader', { leader: 'postgres-1', pollMs: 100 });
    see(back - 100, 'endpoint', { addresses: ['198.18.75.6'] });
    see(back - 50, 'members', { streaming: 1, pollMs: 500 });
    see(back + 3000, 'members', { streaming: 2, pollMs: 500 });
    see(START + lengthMs, 'leader', {
      leader: 'postgres-1',
      pollMs: 100,
      final: true,
    });
    const end = START + lengthMs;
    see(Math.max(fault + 4, end - 100), 'stage', { name: 'healing' });
    see(end + 1, 'client-load-end', { scheduled: this.writes.length, scheduledReads: this.reads.length });
    see(end + 2, 'budget-spent', { spentMs: 0, longestOutageMs: 0 });
    see(end + 400, 'stage', { name: 'read-back' });
    see(end + 800, 'stage', { name: 'settling' });
    see(end + 900, 'steady-after', { ok: true, leader: 'postgres-1', detail: 'all there' });
    see(end + 900.5, 'as-before', { roles: ROLES, objects: 41, differences: [] });
    see(START + lengthMs + 901, 'end');
  }

  /** Writes the read-back of a store that holds what was acknowledged, without `lost` and with `extra`. */
  readBack({
    lost = [],
    extra = [],
    duplicates = [],
    leader = 'postgres-1',
  }: { lost?: number[]; extra?: number[]; duplicates?: [number, number][]; leader?: string } = {}): this {
    this.observations = this.observations.filter((seen) => !seen.kind.startsWith('readback'));
    const gone = new Set(lost);
    const numbers = this.writes.filter((op) => op.outcome === 'ok' && !gone.has(op.n)).map((op) => op.n);
    const present = rangesOf([...numbers, ...extra].sort((a, b) => a - b));
    const t = START + this.outline.lengthMs + 500;
    this.observations.push({
      kind: 'readback-plan',
      t,
      run: 'r1',
      sources: MEMBERS,
    });
    const read = (source: string, role: 'leader' | 'member', pass: 1 | 2): void => {
      this.observations.push({
        kind: 'readback',
        t: t + pass,
        source,
        role,
        pass,
        present,
        duplicates,
        complete: true,
      });
    };
    read(leader, 'leader', 1);
    read(leader, 'leader', 2);
    for (const member of MEMBERS) if (member !== leader) read(member, 'member', 1);
    return this;
  }

  /** The write with this number, to be changed. */
  write(n: number): Op {
    const found = this.writes[n - 1];
    if (found === undefined) throw new Error(`no write ${n}`);
    return found;
  }

  /**
   * Declares a further path of clients that has outages of its own, and records it.
   * @param outages null: it is not recorded
   * @returns the load of that path, to be changed
   */
  path(name: string, outages: [number, number][] | null): Synthetic {
    const load = new Synthetic({ ...this.outline, outages: outages ?? [] });
    load.observations = load.observations.filter(({ kind }) => /^client-load-(?:start|end)$/.test(kind));
    for (const seen of load.observations) {
      if (seen.kind === 'client-load-start') {
        Object.assign(seen, { run: `r1/path/${name}`, readRatePerSecond: 0 });
        Object.assign(seen.settings, PATH_ADDRESS);
      }
      if (seen.kind === 'client-load-end') seen.scheduledReads = 0;
    }
    this.#paths.set(name, outages === null ? null : load);
    return load;
  }

  without(...kinds: string[]): this {
    this.observations = this.observations.filter((seen) => !kinds.includes(seen.kind));
    return this;
  }

  see(t: number, kind: string, fields: Record<string, unknown> = {}): this {
    this.observations.push({ kind, t: START + t, ...fields } as Observation);
    return this;
  }

  /** As if everything had been killed at this time. */
  cutAt(ms: number): this {
    const end = START + ms;
    for (const ops of [this.writes, this.reads])
      ops.splice(0, ops.length, ...ops.filter((op) => op.done <= end));
    this.observations = this.observations.filter((seen) => seen.t <= end);
    return this;
  }

  /** Those of the outline, with the paths among what the store declares. */
  #settings(): Record<string, unknown> {
    const { settings } = this.outline;
    if (this.#paths.size === 0) return settings;
    const paths = Object.fromEntries([...this.#paths.keys()].map((name) => [name, [PATH_ADDRESS]]));
    return { ...settings, stores: { postgres: { ...STORES.postgres, paths } } };
  }

  /** A fault hit what it was armed for, unless a test says what it hit. */
  #observed(): Observation[] {
    const observations = this.observations.toSorted((a, b) => a.t - b.t);
    const hit = (first({ observations }, 'fault-armed')?.members ?? []).map(({ uid, node }) => ({
      uid,
      node,
    }));
    return observations.map((seen) =>
      seen.kind === 'fault-landed' && !Object.hasOwn(seen, 'hit') ? { ...seen, hit } : seen,
    );
  }

  history(): History {
    const { goals, check } = this.outline;
    const paths = [...this.#paths].flatMap(([name, load]) =>
      load === null ? [] : [{ name, observations: load.observations, writes: columns(load.writes) }],
    );
    return {
      header: {
        kind: 'header',
        schema: HISTORY_SCHEMA,
        check,
        trial: 1,
        environment: 'test',
        goals: { ...WIDE, ...goals },
        settings: this.#settings(),
        anchor: { wall: '2026-01-01T00:00:00.000Z', monoMs: START },
      },
      observations: this.#observed(),
      writes: columns(this.writes),
      reads: columns(this.reads),
      damaged: this.damaged,
      ...(paths.length > 0 && { paths }),
    };
  }
}

export function rangesOf(numbers: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 >= n) last[1] = Math.max(last[1], n);
    else ranges.push([n, n]);
  }
  return ranges;
}

/** In the order in which they ended, as a history has them. */
function columns(ops: readonly Op[]): Operations {
  const sorted = ops.toSorted((a, b) => a.done - b.done);
  return {
    count: sorted.length,
    n: Float64Array.from(sorted, (op) => op.n),
    intendedMs: Float64Array.from(sorted, (op) => op.intended),
    sentMs: Float64Array.from(sorted, (op) => op.sent),
    doneMs: Float64Array.from(sorted, (op) => op.done),
    outcome: Uint8Array.from(sorted, (op) => OUTCOMES[op.outcome]),
    detail: new Map(sorted.flatMap((op, i) => (op.detail === undefined ? [] : [[i, op.detail]]))),
  };
}

/** Texts of all rules that did not pass. */
export function said({ rules = [] }: Pick<FailoverRecord, 'rules'>): string {
  return rules
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ text }) => text)
    .join('; ');
}
