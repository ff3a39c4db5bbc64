import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { expectCounts } from './store/controls/every-store.ts';
import { classicRecords } from './store/controls/rabbitmq.ts';

const failoverControls = (await allControls()).filter(({ check }) => check.startsWith('failover/'));

const judged = (lost: number[], duplicates: number[]): Judgement =>
  ({
    trials: [
      {
        writes: { lost: lost.length, duplicates: duplicates.length },
        lostNumbers: lost,
        duplicateNumbers: duplicates,
      },
    ],
  }) as unknown as Judgement;

test('a control of lost writes turns only with the right number, not with just any', () => {
  assert.equal(expectCounts(judged([150], []), { lost: [150], duplicates: [] }), null);
  assert.match(
    expectCounts(judged([149], []), { lost: [150], duplicates: [] }) ?? '',
    /the record says \{"lost":\[149\]/,
  );
  assert.match(expectCounts(judged([], []), { lost: [150], duplicates: [] }) ?? '', /lost 0/);
  assert.match(expectCounts({} as Judgement, { lost: [], duplicates: [] }) ?? '', /no counts/);
});

test('controls have names of their own and belong to checks of this suite', () => {
  const ids = failoverControls.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, check } of failoverControls) assert.ok(id.startsWith(`${check}/`), id);
});

test('should give those who tamper with a running client load more time before the fault than it takes', () => {
  const ids = /(write-removed|write-doubled|pod-delete\/no-replicas)$/;
  const tampering = new Map(
    failoverControls.filter(({ id }) => ids.test(id)).map((one) => [one.id, one.settings]),
  );
  assert.equal(tampering.size, 11 + 22);
  for (const [id, given] of tampering) {
    const { failover } = (given?.settings ?? {}) as { failover?: { steadyBeforeMs?: number } };
    assert.ok((failover?.steadyBeforeMs ?? 0) >= 10_000, id);
  }
  assert.deepEqual(tampering.get('failover/redis/pod-delete/write-removed')?.goals, { lostWrites: 0 });
  const index = tampering.get('failover/elasticsearch/pod-delete/no-replicas')?.settings;
  assert.deepEqual(index?.['clientLoad'], { index: { replicas: 0 } });
});

test('should see a classic queue of records that is left, and no queue of a reader', () => {
  const listed = 'plumbline.r1\tquorum\nplumbline.r2\tclassic\nplumbline.r2.reader\tclassic\n';
  assert.deepEqual(classicRecords(listed), ['plumbline.r2']);
});
