import { wallOf } from '../../reports/judge/telemetry/clocks.ts';
import { all, changed, seen } from './tale.ts';
import type { Tale } from './tale.ts';
import type { Seen } from '../../reports/record/observations/index.ts';

const HOUR_MS = 3_600_000;

const cordoned = (...names: string[]): Tale['bend'] =>
  changed('node', ({ name }) => (names.includes(name) ? { unschedulable: true } : {}));

/** Leases of the nodes or controllers that are named so, or all: renewed so long ago, and otherwise as given. */
const lease =
  (
    of: string,
    agoMs: number,
    more: (renewedAt: number) => Partial<Seen<'lease'>> = () => ({}),
  ): Tale['bend'] =>
  (history) =>
    changed('lease', (seen) => {
      const renewedAt = wallOf(history, seen.t) - agoMs;
      return seen.of.startsWith(of) ? { renewedAt, ...more(renewedAt) } : {};
    })(history);

const unreadLease = (why: 'forbidden' | 'missing', of = ''): Tale['bend'] =>
  changed('lease', (seen) =>
    seen.of.startsWith(of) ? { holder: '', seconds: 0, renewedAt: null, why } : {},
  );

const mounted = (path: string) =>
  ({
    kind: 'data-mount',
    t: 0,
    workload: 'StatefulSet tender/postgres',
    container: 'postgres',
    path,
    source: 'emptyDir',
    claim: null,
    perReplica: false,
  }) as const;

const walUnseen = seen({
  kind: 'data-folder-unsaid',
  t: 0,
  store: 'postgres',
  member: 'postgres-1',
  reason: 'where its WAL is was not seen: forbidden',
});
const PERSISTENT = 'topology/storage/persistent';
const POOLS = 'topology/nodes/pools';
const WRITTEN = 'topology/{nodes/pools,workloads/declared}';

export const TALES: readonly Tale[] = [
  ...(
    [
      ['the WAL', '/var/lib/postgresql/wal'],
      ['a tablespace', '/srv/fast'],
    ] as const
  ).map(([what, path]): Tale => ({
    number: 36,
    check: PERSISTENT,
    says: `${what} lies outside of the data folder, on an emptyDir`,
    must: 'fail',
    rule: 'volumes',
    bend: seen(mounted(path)),
  })),
  {
    check: PERSISTENT,
    says: 'a tablespace that a server names lies on a file system of the container',
    must: 'fail',
    rule: 'volumes',
    bend: seen({ kind: 'data-folder', t: 0, store: 'postgres', member: 'postgres-1', path: '/srv/fast' }),
  },
  {
    check: PERSISTENT,
    says: 'the WAL that a server names lies on an emptyDir, and its data folder on a claim',
    must: 'fail',
    rule: 'volumes',
    bend: all(
      seen({ kind: 'data-folder', t: 0, store: 'postgres', member: 'postgres-1', path: '/wal/pg_wal' }),
      seen(mounted('/wal')),
    ),
  },
  {
    check: PERSISTENT,
    says: 'the WAL has a claim of its own outside of the data folder',
    must: 'pass',
    bend: all(
      seen({ kind: 'data-folder', t: 0, store: 'postgres', member: 'postgres-1', path: '/wal/pg_wal' }),
      seen({ ...mounted('/wal'), source: 'persistentVolumeClaim', claim: 'data', perReplica: true }),
    ),
  },
  {
    check: PERSISTENT,
    says: 'no command may be run in a pod, so that nobody saw where its WAL is',
    must: ['pass', 'inconclusive'],
    bend: walUnseen,
  },
  {
    check: PERSISTENT,
    says: 'nobody saw where a WAL is, and its container can write to an emptyDir beside its claim',
    must: ['pass', 'inconclusive'],
    bend: all(walUnseen, seen(mounted('/dev/shm'))),
  },
  {
    check: PERSISTENT,
    says: 'nobody saw where a WAL is, and an emptyDir lies where it usually is',
    must: 'fail',
    rule: 'volumes',
    bend: all(walUnseen, seen(mounted('/var/lib/postgresql/data/pgdata/pg_wal'))),
  },
  {
    number: 73,
    check: POOLS,
    says: 'a node is cordoned for its weekly reboot',
    must: 'inconclusive',
    rule: 'nodes',
    bend: cordoned('worker-2'),
  },
  {
    check: POOLS,
    says: 'a cordoned node restarts',
    must: 'inconclusive',
    rule: 'nodes',
    bend: all(
      cordoned('worker-2'),
      changed('node', ({ unschedulable }) => (unschedulable ? { ready: false } : {})),
    ),
  },
  {
    check: POOLS,
    says: 'two of three nodes of a pool are cordoned',
    must: 'fail',
    rule: 'nodes',
    bend: cordoned('worker-1', 'worker-2'),
  },
  {
    check: POOLS,
    says: 'a node is lost, and nobody cordoned it',
    must: 'fail',
    rule: 'nodes',
    bend: changed('node', ({ name }) => (name === 'worker-3' ? { ready: false } : {})),
  },
  {
    number: 39,
    check: WRITTEN,
    says: 'scheduler and controller manager have been dead for an hour',
    must: 'fail',
    rule: 'alive',
    bend: lease('kube-', HOUR_MS),
  },
  {
    number: 39,
    check: POOLS,
    says: 'the kubelet of a Ready node is dead, and nobody is there to say so',
    must: 'fail',
    rule: 'alive',
    bend: lease('node worker-2', HOUR_MS / 6),
  },
  {
    check: WRITTEN,
    says: 'a scheduler let go of its Lease, and none has taken it',
    must: 'fail',
    rule: 'alive',
    bend: lease('kube-scheduler', 0, () => ({ holder: '', seconds: 1 })),
  },
  {
    check: WRITTEN,
    says: 'a controller manager, by a clock that is ahead, renewed its Lease before the first look and not once in the minute after it',
    must: 'fail',
    rule: 'alive',
    bend: lease('kube-controller-manager', -HOUR_MS, (renewedAt) => ({ before: renewedAt })),
  },
  {
    check: POOLS,
    says: 'a Ready node has no Lease',
    must: 'inconclusive',
    rule: 'alive',
    bend: unreadLease('missing', 'node worker-1'),
  },
  {
    check: WRITTEN,
    says: 'a busy API server makes Leases 3 s late',
    must: 'pass',
    bend: changed('lease', ({ renewedAt, seconds }) => ({
      renewedAt: (renewedAt ?? 0) - seconds * 1000 - 3000,
    })),
  },
  {
    check: WRITTEN,
    says: 'clocks of nodes are five minutes behind',
    must: 'pass',
    bend: lease('', 5 * 60_000, (renewedAt) => ({ before: renewedAt - 10_000 })),
  },
  {
    check: WRITTEN,
    says: 'clocks of nodes are two seconds ahead',
    must: 'pass',
    bend: lease('', -2000),
  },
  {
    check: WRITTEN,
    says: 'a provider keeps the Leases of its control plane elsewhere',
    must: 'pass',
    bend: unreadLease('missing', 'kube-'),
  },
  {
    check: WRITTEN,
    says: 'the account may read no Lease',
    must: 'pass',
    bend: unreadLease('forbidden'),
  },
];
