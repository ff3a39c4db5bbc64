import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';

const POSTGRES = {
  kind: 'StatefulSet',
  namespace: 'tender',
  name: 'postgres',
  replicas: { min: 2, max: 2 },
  store: 'postgres',
};
const SENTINELS = { ...POSTGRES, name: 'sentinels', replicas: { min: 1, max: 1 } };
const NAME = 'StatefulSet tender/postgres';
const storage = { className: 'fast', kinds: ['local', 'csi'], canaryBytes: 65_536 };
const PATH = '/var/lib/postgresql/data';
const dataWorkload = (workload: string): Seen => ['data-workload', { workload }];
const mount = (source: string, more: Record<string, unknown> = {}): Seen => [
  'data-mount',
  {
    workload: NAME,
    container: 'postgres',
    path: PATH,
    source,
    claim: source === 'persistentVolumeClaim' ? 'data' : null,
    perReplica: source === 'persistentVolumeClaim',
    ...more,
  },
];
const claim = (more: Record<string, unknown> = {}): Seen => [
  'claim',
  {
    workload: NAME,
    name: 'data-postgres-0',
    phase: 'Bound',
    className: 'fast',
    volumeKind: 'local',
    ...more,
  },
];
const claims = [claim(), claim({ name: 'data-postgres-1' })];
const folder = (path: string, member = 'postgres-0'): Seen => [
  'data-folder',
  { store: 'postgres', member, path },
];
const foldersAt = (path: string) => [folder(path), folder(path, 'postgres-1')];
const written: Seen = ['canary-written', { digest: 'abc' }];
const read: Seen = ['canary-read', { digest: 'abc' }];
const bytes = [written, read];
const onClaim = [dataWorkload(NAME), mount('persistentVolumeClaim'), ...claims];
const good = [...foldersAt(`${PATH}/pgdata`), ...onClaim];
const persistent = (seen: Seen[], writes = true, workloads: unknown[] = [POSTGRES]) =>
  judge({
    check: 'topology/storage/persistent',
    settings: {
      storage,
      writes,
      stores: {
        postgres: {
          members: 2,
          container: 'postgres',
          statefulSet: { namespace: 'tender', name: 'postgres' },
        },
      },
      workloads: [...workloads, { ...POSTGRES, name: 'stateless', store: undefined }],
    },
    seen,
  });

/** A store that is declared otherwise than by one StatefulSet. */
const declaredAs = (way: object, seen: Seen[], workloads: unknown[] = []) =>
  judge({
    check: 'topology/storage/persistent',
    settings: {
      storage,
      writes: true,
      workloads,
      stores: { postgres: { members: 2, container: 'postgres', ...way } },
    },
    seen: [...seen, ...bytes],
  });
const SETS = {
  statefulSets: { namespace: 'db', sets: ['pg-a', 'pg-b'].map((name) => ({ name, members: 1 })) },
};
const SET_WORKLOADS = ['pg-a', 'pg-b'].map((name) => ({
  ...POSTGRES,
  namespace: 'db',
  name,
  replicas: { min: 1, max: 1 },
}));
const seenOf = (workload: string, member: string, more: { kind?: Seen[]; source?: string } = {}): Seen[] => [
  folder(`${PATH}/main`, member),
  ...(more.kind ?? [dataWorkload(workload)]),
  mount(more.source ?? 'persistentVolumeClaim', { workload, claim: `claim-${member}`, perReplica: false }),
  claim({ workload, name: `claim-${member}` }),
];

test('should let a member that keeps no data by its own word have any volume, and no other', () => {
  const member: Seen = ['data-folder-none', { store: 'postgres', member: 'pg-b-0', why: 'it coordinates' }];
  const there = dataWorkload('StatefulSet db/pg-b');
  const emptyDir = mount('emptyDir', { workload: 'StatefulSet db/pg-b' });
  const keeps = seenOf('StatefulSet db/pg-a', 'pg-a-0');
  const verdict = (...seen: Seen[]): string => declaredAs(SETS, seen, SET_WORKLOADS).verdict;
  assert.equal(verdict(...keeps, there, member), 'pass');
  assert.equal(verdict(...keeps, dataWorkload('StatefulSet db/pg-b'), emptyDir, member), 'pass');
  assert.notEqual(verdict(...keeps, there), 'pass');
  assert.equal(verdict(...keeps, member), 'fail', 'its StatefulSet is missing');
  const other: Seen = ['data-folder-none', { store: 'postgres', member: 'pg-a-0', why: 'it coordinates' }];
  const nobody = [dataWorkload('StatefulSet db/pg-a'), there, member, other];
  assert.notEqual(verdict(...nobody), 'pass', 'a store whose data nobody keeps');
});

test('should follow the data of members of several StatefulSets, each in its own', () => {
  const seen = ['pg-a', 'pg-b'].map((set) => seenOf(`StatefulSet db/${set}`, `${set}-0`));
  assert.equal(declaredAs(SETS, seen.flat(), SET_WORKLOADS).verdict, 'pass');
  const [one = []] = seen;
  const without = declaredAs(SETS, one, SET_WORKLOADS);
  assert.deepEqual([without.verdict, without.reason.includes('db/pg-b')], ['fail', true]);
  const fleeting = seenOf('StatefulSet db/pg-b', 'pg-b-0', { source: 'emptyDir' });
  assert.match(
    declaredAs(SETS, [...one, ...fleeting], SET_WORKLOADS).reason,
    /data of pg-b-0 .*seen emptyDir/,
  );
});

test('should follow the data of pods that are chosen by labels, and miss one', () => {
  const BY_LABELS = { pods: { namespace: 'db', labels: { app: 'pg' } } };
  const podOf = (name: string, source?: string): Seen[] => {
    const workload = `Pod db/${name}`;
    const kind: Seen[] = [['data-workload', { workload, store: 'postgres' }]];
    return seenOf(workload, name, { kind, ...(source !== undefined && { source }) });
  };
  assert.equal(declaredAs(BY_LABELS, [...podOf('pg-1'), ...podOf('pg-4')]).verdict, 'pass');
  assert.match(
    declaredAs(BY_LABELS, podOf('pg-1')).reason,
    /members of postgres: expected 2 pods, seen 1: Pod db\/pg-1/,
  );
  const third = ['pg-1', 'pg-4', 'pg-5'].flatMap((name) => podOf(name));
  assert.match(declaredAs(BY_LABELS, third).reason, /members of postgres: expected 2, seen 3/);
  assert.match(
    declaredAs(BY_LABELS, [...podOf('pg-1'), ...podOf('pg-4', 'emptyDir')]).reason,
    /data of pg-4 .*expected a PersistentVolumeClaim, seen emptyDir/,
  );
});

test('should refuse data on emptyDir or hostPath, or nowhere', () => {
  for (const source of ['emptyDir', 'hostPath']) {
    const seen = [...foldersAt(PATH), dataWorkload(NAME), mount(source), ...claims, ...bytes];
    assert.match(
      persistent(seen).reason,
      new RegExp(`/var/lib/postgresql/data: expected a PersistentVolumeClaim, seen ${source}`),
    );
  }
  const nowhere = [...foldersAt(PATH), dataWorkload(NAME), ...claims, ...bytes];
  assert.match(persistent(nowhere).reason, /own file system/);
});

// /home/postgres is where an image of PostgreSQL keeps its data (Spilo), here and below.
test("false verdict 12: a claim below the data folder, or beside it, is not the data's", () => {
  for (const path of ['/home/postgres/pgdata/pgroot/data/backup', '/home/postgres/backup']) {
    const seen = [
      ...foldersAt('/home/postgres/pgdata/pgroot/data'),
      dataWorkload(NAME),
      mount('persistentVolumeClaim', { path }),
      ...claims,
      ...bytes,
    ];
    const judgement = persistent(seen);
    assert.equal(judgement.verdict, 'fail', path);
    assert.match(judgement.reason, /data of postgres-0 at .*own file system/);
  }
  const log = mount('emptyDir', { path: `${PATH}/pgdata/pg_wal` });
  const seen = [...foldersAt(`${PATH}/pgdata`), ...onClaim.slice(1), dataWorkload(NAME), log, ...bytes];
  assert.match(persistent(seen).reason, /pg_wal: expected a PersistentVolumeClaim, seen emptyDir/);
});

test('false verdict 18: data is looked for where the server says that it is, whatever the image', () => {
  for (const path of ['/bitnami/postgresql', '/home/postgres/pgdata'])
    assert.equal(
      persistent([
        ...foldersAt(`${path}/data`),
        dataWorkload(NAME),
        mount('persistentVolumeClaim', { path }),
        ...claims,
        ...bytes,
      ]).verdict,
      'pass',
      path,
    );
});

test('false verdict 18: a busy API server says nothing of volumes', () => {
  const failed = (cause: string): Seen => ['canary-failed', { step: 'write', cause, reason: '503 busy' }];
  assert.equal(persistent([...good, failed('api')]).verdict, 'inconclusive');
  assert.equal(persistent([...good, failed('pod')]).verdict, 'inconclusive');
  assert.equal(persistent([...good, failed('volume')]).verdict, 'fail');
});

test('should not know where the data is of a server that does not say', () => {
  const unsaid: Seen = ['data-folder-unsaid', { store: 'postgres', member: 'postgres-1', reason: 'refused' }];
  const judgement = persistent([folder(PATH), unsaid, ...onClaim, ...bytes]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /data of postgres-1: .*refused/);
});

test('false verdict 36: should say whose log nobody could look for, and judge the rest', () => {
  const reason = 'where its WAL is was not seen: forbidden';
  const unsaid: Seen = ['data-folder-unsaid', { store: 'postgres', member: 'postgres-1', reason }];
  const judgement = persistent([...good, unsaid, ...bytes]);
  assert.equal(judgement.verdict, 'pass');
  assert.match(
    judgement.reason,
    /; not judged: postgres-1: where its WAL is was not seen: forbidden, and .* to its own file system$/,
  );
  const readOnly: Seen = ['data-workload', { workload: NAME, readOnlyRoots: ['postgres'] }];
  const of = (...more: Seen[]) => {
    const seen = [...good.filter(([kind]) => kind !== 'data-workload'), unsaid, readOnly, ...bytes, ...more];
    return persistent(seen);
  };
  assert.match(of().reason, /^all \d+ as declared$/, 'it can be on claims alone');
  const beside = mount('emptyDir', { path: '/dev/shm' });
  assert.match(of(beside).reason, /; not judged: postgres-1: .* can also write at \/dev\/shm \(emptyDir\)$/);
  assert.equal(
    persistent([...good, beside, ...bytes]).verdict,
    'fail',
    'each server named all of its folders',
  );
  const other: Seen = ['data-folder-unsaid', { store: 'postgres', member: 'pg-b-0', reason: 'forbidden' }];
  const sets = ['pg-a', 'pg-b'].flatMap((set) => seenOf(`StatefulSet db/${set}`, `${set}-0`));
  const ofOne = mount('emptyDir', { workload: 'StatefulSet db/pg-a', path: '/tmp' });
  assert.equal(
    declaredAs(SETS, [...sets, other, ofOne], SET_WORKLOADS).verdict,
    'pass',
    'recorded of each set',
  );
});

test('should not fail where no server could be asked, so that nothing is known of any mount', () => {
  const unsaid: Seen[] = ['postgres-0', 'postgres-1'].map((member) => [
    'data-folder-unsaid',
    { store: 'postgres', member, reason: 'connect ECONNREFUSED' },
  ]);
  const judgement = persistent([...unsaid, dataWorkload(NAME), ...claims, ...bytes]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /data of postgres-0: .*ECONNREFUSED/);
});

test("should not take one member's folder for another's", () => {
  const at = (name: string) => `${PATH}/node@${name}.members.tender.svc`;
  const of = (one: string, other: string) =>
    persistent([folder(at(one)), folder(at(other), 'postgres-1'), ...onClaim, ...bytes]).verdict;
  assert.equal(of('postgres-0', 'postgres-1'), 'pass');
  assert.equal(of('postgres-1', 'postgres-0'), 'inconclusive');
  assert.equal(of('postgres-0', 'postgres-0'), 'inconclusive');
  assert.equal(of('postgres', 'postgres'), 'pass', 'called after none of them');
});

test('should hold what is near the usual folders of workloads that are no members against claims', () => {
  const name = 'StatefulSet tender/sentinels';
  const more = { workload: name, container: 'sentinel', path: '/data' };
  const sentinels = (source: string) =>
    persistent(
      [
        ...good,
        ...bytes,
        dataWorkload(name),
        mount(source, more),
        claim({ workload: name, name: 'data-sentinels-0' }),
      ],
      true,
      [POSTGRES, SENTINELS],
    );
  assert.equal(sentinels('persistentVolumeClaim').verdict, 'pass');
  assert.match(
    sentinels('emptyDir').reason,
    /sentinel:\/data: expected a PersistentVolumeClaim, seen emptyDir/,
  );
});

test('should refuse an unbound claim, another class, a volume of another kind, a missing one, a missing StatefulSet', () => {
  const withClaim = (one: Seen[]) => [
    ...foldersAt(PATH),
    dataWorkload(NAME),
    mount('persistentVolumeClaim'),
    ...one,
    ...bytes,
  ];
  const first = (more: Record<string, unknown>) => persistent(withClaim([claim(more), claims[1]!]));
  assert.match(first({ phase: 'Pending' }).reason, /Pending/);
  assert.equal(first({ className: 'slow' }).verdict, 'fail');
  assert.equal(first({ volumeKind: 'hostPath' }).verdict, 'fail');
  assert.match(persistent(withClaim([claim()])).reason, /claim data-postgres-1 of .*not there/);
  assert.equal(persistent(bytes).verdict, 'fail');
});

test("should hold a store's claims against the class that it declares for itself", () => {
  const seen = (className: string) => [
    ...foldersAt(PATH),
    dataWorkload(NAME),
    mount('persistentVolumeClaim'),
    claim({ className }),
    claim({ className, name: 'data-postgres-1' }),
    ...bytes,
  ];
  const way = { statefulSet: { namespace: 'tender', name: 'postgres' }, storageClass: 'slow' };
  assert.equal(declaredAs(way, seen('slow'), [POSTGRES]).verdict, 'pass');
  assert.match(declaredAs(way, seen('fast'), [POSTGRES]).reason, /class of claim .*slow.*fast/);
});

test('should refuse other bytes, and be inconclusive about a canary that did not finish', () => {
  assert.equal(persistent([...good, written, ['canary-read', { digest: 'xyz' }]]).verdict, 'fail');
  assert.equal(
    persistent([...good, ['canary-written', { digest: '' }], ['canary-read', { digest: '' }]]).verdict,
    'fail',
  );
  assert.equal(persistent([...good, written]).verdict, 'inconclusive');
  assert.equal(persistent(good, false).verdict, 'pass', 'where nothing may be written, nothing is asked');
});
