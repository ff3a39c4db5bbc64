/** Settings that govern a failover: what is read of each store must be there, be of its kind, and be what the environment declares. */
import type { History } from '../../record/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import { storeOf } from './evidence.ts';
import { trialOf } from './trial.ts';

type Kinds = Readonly<Record<string, RegExp>>;

const COUNT = /^\d+$/;
const SWITCH = /^(?:true|false)$/;
const ON_OFF = /^(?:on|off)$/;
const YES_NO = /^(?:yes|no)$/;
/** 0 and -1 need no unit. */
const TIME = /^(?:-1|0|(?:\d+(?:nanos|micros|ms|s|m|h|d))+)$/;
const ANY = /^/;

/** What is read of every server of a store, whatever its version and edition, in the order in which it is read. */
const READ: Readonly<Record<string, Kinds>> = {
  postgres: {
    ttl: COUNT,
    loop_wait: COUNT,
    retry_timeout: COUNT,
    primary_start_timeout: COUNT,
    maximum_lag_on_failover: COUNT,
    // Or `quorum`.
    synchronous_mode: /^[a-z]+$/,
    synchronous_mode_strict: SWITCH,
    failsafe_mode: SWITCH,
    data_checksums: ON_OFF,
    fsync: ON_OFF,
    full_page_writes: ON_OFF,
    synchronous_commit: /^[a-z_]+$/,
    synchronous_standby_names: ANY,
    wal_level: /^(?:minimal|replica|logical)$/,
    wal_log_hints: ON_OFF,
  },
  redis: {
    'down-after-milliseconds': COUNT,
    'failover-timeout': COUNT,
    'parallel-syncs': COUNT,
    quorum: COUNT,
    'num-other-sentinels': COUNT,
    'num-slaves': COUNT,
    appendonly: YES_NO,
    appendfsync: /^(?:always|everysec|no)$/,
    'no-appendfsync-on-rewrite': YES_NO,
    'aof-load-truncated': YES_NO,
    save: /^(?:\d+ \d+ ?)*$/,
    'min-replicas-to-write': COUNT,
    'min-replicas-max-lag': COUNT,
    'replica-serve-stale-data': YES_NO,
    'repl-timeout': COUNT,
    'repl-ping-replica-period': COUNT,
    'repl-diskless-sync': YES_NO,
    'maxmemory-policy': /^[a-z-]{4,}$/,
    'WAIT replicas': COUNT,
    'WAIT milliseconds': COUNT,
  },
  rabbitmq: {
    version: /^\d+\.\d+.* on Erlang /,
    members: COUNT,
    net_ticktime: /^(?:\d+|unknown)$/,
    heartbeat: /^(?:\d+|unknown)$/,
    'canary queue': /^\w+, (?:durable|transient)$/,
  },
  elasticsearch: {
    'cluster.fault_detection.follower_check.interval': TIME,
    'cluster.fault_detection.follower_check.timeout': TIME,
    'cluster.fault_detection.follower_check.retry_count': COUNT,
    'cluster.fault_detection.leader_check.interval': TIME,
    'cluster.fault_detection.leader_check.timeout': TIME,
    'cluster.fault_detection.leader_check.retry_count': COUNT,
    'cluster.election.max_timeout': TIME,
    'cluster.publish.timeout': TIME,
    'cluster.no_master_block': /^(?:all|write|metadata_write)$/,
  },
  neo4j: {
    edition: /^[a-z]+$/,
    members: COUNT,
    'db.checkpoint': /^[A-Z]+$/i,
    'db.checkpoint.interval.time': TIME,
    'db.checkpoint.interval.tx': COUNT,
    'db.recovery.fail_on_missing_files': SWITCH,
    'db.tx_log.preallocate': SWITCH,
    'db.tx_log.rotation.retention_policy': ANY,
    'dbms.routing_ttl': TIME,
    'server.databases.read_only': ANY,
  },
};

/** Read only where there is something that has them: then all of them. */
const TOGETHER: Readonly<Record<string, Kinds>> = {
  rabbitmq: { 'queue type': /^[a-z]+$/, 'queue durable': SWITCH },
  elasticsearch: {
    'index.translog.durability': /^(?:request|async)$/,
    'index.number_of_replicas': COUNT,
    'index.write.wait_for_active_shards': /^(?:\d+|all)$/,
    'index.unassigned.node_left.delayed_timeout': TIME,
  },
};

/** Where a setting of a store is read, where that has the same name everywhere. */
const PLACES: Readonly<Record<string, (name: string) => string>> = {
  neo4j: (name) => ({ edition: 'dbms.components()', members: 'SHOW DATABASES' })[name] ?? 'SHOW SETTINGS',
};

export function governingGap(history: History): string | null {
  const store = storeOf(history.header);
  const seen = all(history, 'governing');
  // Declared evidence already says so.
  if (seen.length === 0) return null;
  const names = new Set(seen.map(({ name }) => name));
  const kinds = kindsFor(store, names);
  const missing = Object.keys(kinds).filter((name) => !names.has(name));
  if (missing.length > 0) return `settings that govern the failover were not read: ${missing.join(', ')}`;
  return (
    readGap(seen, kinds, store) ??
    declaredGap(seen, history.header.settings.stores?.[store]?.durability ?? {}) ??
    relationGap(history, new Map(seen.map(({ name, value }) => [name, Number(value)])))
  );
}

/** Each once, as what it can be, in its turn, and where it is read. */
function readGap(seen: readonly Seen<'governing'>[], kinds: Kinds, store: string): string | null {
  return twiceGap(seen) ?? kindGap(seen, kinds) ?? orderGap(seen, store) ?? placeGap(seen, PLACES[store]);
}

function kindsFor(store: string, seen: ReadonlySet<string>): Kinds {
  const together = TOGETHER[store] ?? {};
  const has = Object.keys(together).some((name) => seen.has(name));
  return { ...READ[store], ...(has ? together : {}) };
}

/** Of one place each is read once. */
function twiceGap(seen: readonly Seen<'governing'>[]): string | null {
  const places = new Set<string>();
  for (const { name, source } of seen) {
    const place = `${name} of ${placeOf(source)}`;
    if (places.has(place)) return `${place} was read twice`;
    places.add(place);
  }
  return null;
}

const placeOf = (source: string): string => source.replace(/, default$/, '');

/** One after the other, as they are asked for: two that changed places have each other's value. */
function orderGap(seen: readonly Seen<'governing'>[], store: string): string | null {
  const inPlace = Map.groupBy(seen, ({ source }) => placeOf(source));
  return (
    unordered(seen, Object.keys(READ[store] ?? {})) ??
    [...inPlace.values()]
      .map((of) => unordered(of, Object.keys(TOGETHER[store] ?? {})))
      .find((gap) => gap !== null) ??
    null
  );
}

function unordered(seen: readonly Seen<'governing'>[], order: readonly string[]): string | null {
  const at = seen.map(({ name }) => order.indexOf(name)).filter((index) => index >= 0);
  const early = at.find((index, i) => index < (at[i - 1] ?? -1));
  return early === undefined ? null : `${order[early] ?? '?'} was read after settings that follow it`;
}

function placeGap(
  seen: readonly Seen<'governing'>[],
  placeFor: ((name: string) => string) | undefined,
): string | null {
  const odd = seen.find(({ name, source }) => placeFor !== undefined && placeFor(name) !== source);
  return odd === undefined ? null : `${odd.name} is said to be of ${odd.source}`;
}

function kindGap(seen: readonly Seen<'governing'>[], kinds: Kinds): string | null {
  const odd = seen.find(({ name, value }) => kinds[name]?.test(value) === false);
  return odd === undefined ? null : `${odd.name} is ${JSON.stringify(odd.value)}, which it cannot be`;
}

function declaredGap(
  seen: readonly Seen<'governing'>[],
  declared: Readonly<Record<string, string>>,
): string | null {
  const other = Object.entries(declared).find(([name, value]) => {
    const values = seen.filter((one) => one.name === name).map((one) => one.value);
    return values.length > 0 && !values.includes(value);
  });
  return other === undefined ? null : `${other[0]} is declared as ${JSON.stringify(other[1])}, and is not so`;
}

/** What the stores' own rules say about two of them. NaN, where one was not read, breaks nothing. */
function relationGap(history: History, of: ReadonlyMap<string, number>): string | null {
  const at = (name: string): number => of.get(name) ?? Number.NaN;
  const { members } = trialOf(history);
  const count = members ?? Number.NaN;
  const broken: readonly (readonly [boolean, string])[] = [
    [at('ttl') <= at('loop_wait'), 'the lease runs out before it is renewed'],
    [at('num-slaves') < count - 1, 'fewer replicas are known than declared'],
    [at('quorum') > at('num-other-sentinels') + 1, 'the quorum is larger than the number of Sentinels'],
    [at('WAIT replicas') > at('num-slaves'), 'more replicas are waited for than there are'],
    [at('members') < count || at('members') > count, 'another number of members than declared'],
  ];
  return broken.find(([is]) => is)?.[1] ?? null;
}
