import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Outcome } from '../../reports/mutation/take-apart.ts';
import { accept, acceptedOf, differences, linesOf } from './outcomes.ts';

const outcome = (at: string, operator: string, says: string, strict = false): Outcome => ({
  path: at,
  operator,
  says: [says],
  strict,
});

test('joins the operators of a path of which the judge says the same', () => {
  const lines = linesOf([
    outcome('b.n', '× 0', 'pass'),
    outcome('a', 'x', 'fail rto'),
    outcome('b.n', '× 10', 'pass'),
  ]);
  assert.deepEqual(lines, ['a  x: fail rto', 'b.n  × 0, × 10: pass']);
});

test('names each line that is no longer so, and each that is new', () => {
  const accepted = new Map([['a  x: fail rto', '']]);
  assert.deepEqual(differences([outcome('a', 'x', 'pass')], accepted), ['- a  x: fail rto', '+ a  x: pass']);
});

test('lets nothing that was taken away pass without a reason, and keeps the reason', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'outcomes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const outcomes = [outcome('note', 'kind dropped', 'pass', true)];
  accept('a/b', linesOf(outcomes), folder);
  assert.match(
    differences(outcomes, acceptedOf('a/b', folder)).join(),
    /^\? note {2}kind dropped: pass: a pass that needs/,
  );
  writeFileSync(path.join(folder, 'a.b.outcomes.txt'), 'note  kind dropped: pass  # for people\n');
  accept('a/b', linesOf(outcomes), folder);
  assert.deepEqual(differences(outcomes, acceptedOf('a/b', folder)), []);
});
