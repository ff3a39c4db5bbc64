/** A StatefulSet whose first pod has another number than 0 (`spec.ordinals.start`), as after a move between two clusters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { invent } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { judgeOf } from '../../../_testing/judges.ts';
import { judgedOver } from '../../_testing/observing.ts';

const CHECK = 'topology/storage/persistent';
const of = { namespace: 'db', name: 'pg' };
const settings = {
  storage: { className: 'fast', kinds: ['csi'], canaryBytes: 65_536 },
  writes: false,
  stores: { postgres: { members: 2, container: 'postgres', statefulSet: of } },
  workloads: [{ ...of, kind: 'StatefulSet', replicas: { min: 2, max: 2 }, store: 'postgres', serves: true }],
};
const containers = [
  { name: 'postgres', image: 'pg:17', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
];

/** @param claimed numbers of the pods that have a claim */
function over(start: number, claimed: readonly number[]): Promise<Judgement> {
  const set = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: of,
    spec: {
      replicas: 2,
      ordinals: { start },
      template: { spec: { containers } },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    },
  };
  const bound = claimed.flatMap((at) => [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace: 'db', name: `data-pg-${at}` },
      status: { phase: 'Bound' },
      spec: { storageClassName: 'fast', volumeName: `pv-${at}` },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `pv-${at}` },
      spec: { csi: { driver: 'csi.example.com' } },
    },
  ]);
  const servers = claimed.map((at) => ({ member: `pg-${at}`, dataFolders: ['/data/pg'] }));
  return judgedOver(CHECK, {
    settings,
    objects: [set, ...bound],
    asked: { 'store.servers': () => Promise.resolve({ servers }) },
  });
}

test('should follow the data of the pods that there are', async () => {
  const { verdict, reason } = await over(5, [5, 6]);
  assert.equal(verdict, 'pass', reason);
  assert.equal((await over(0, [0, 1])).verdict, 'pass');
});

test('should miss the claim of a pod by its own number', async () => {
  const { verdict, reason, findings } = await over(5, [5]);
  assert.equal(verdict, 'fail', reason);
  assert.ok(
    findings.some(({ subject }) => subject.startsWith('claim data-pg-6 of StatefulSet db/pg')),
    JSON.stringify(findings),
  );
});

test('should count from 0 where no first number was recorded', () => {
  const workload = 'StatefulSet db/pg';
  const recorded = (first: number) =>
    judgeOf(CHECK)?.([
      invent({
        check: CHECK,
        settings,
        goals: {},
        seen: [
          ['data-workload', { workload }],
          [
            'data-mount',
            {
              workload,
              container: 'postgres',
              path: '/data',
              source: 'persistentVolumeClaim',
              claim: 'data',
              perReplica: true,
            },
          ],
          ...[first, first + 1].flatMap((at): Seen[] => [
            ['data-folder', { store: 'postgres', member: `pg-${at}`, path: '/data/pg' }],
            [
              'claim',
              { workload, name: `data-pg-${at}`, phase: 'Bound', className: 'fast', volumeKind: 'csi' },
            ],
          ]),
        ],
      }),
    ]).verdict;
  assert.equal(recorded(0), 'pass');
  assert.equal(recorded(5), 'fail');
});
