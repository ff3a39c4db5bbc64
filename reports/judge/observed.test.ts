import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../record/history/history.ts';
import { all, first, last } from './observed.ts';

const nodes = (t: number): Observation => ({ kind: 'nodes', t, names: [] });

test('should find what was added after it was looked at first, and hand out lists of their own', () => {
  const observations: Observation[] = [nodes(1), nodes(2)];
  const history = { observations };
  all(history, 'nodes').reverse();
  assert.deepEqual([first(history, 'nodes')?.t, last(history, 'nodes')?.t], [1, 2]);
  observations.push(nodes(3));
  assert.equal(last(history, 'nodes')?.t, 3);
  assert.equal(all(history, 'nodes').length, 3);
  assert.equal(first(history, 'end'), undefined);
});
