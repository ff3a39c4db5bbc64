import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../reports/record/judgement.ts';
import { expectCounts } from './every-store.ts';
import { failoverControls } from './failover.ts';

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
