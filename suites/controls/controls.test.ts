import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../catalogue/index.ts';
import { controls } from './index.ts';

const built = catalogue().filter((row) => row.built);

test('false verdict 15: every check that is built has a control that makes it fail', () => {
  const fails = new Set(controls.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check));
  assert.deepEqual(
    built.filter(({ id }) => !fails.has(id)).map(({ id }) => id),
    [],
  );
});

test('false verdict 15: the catalogue states such a control of every check that is built', () => {
  assert.deepEqual(
    built.filter(({ control }) => !control.some(({ verdict }) => verdict === 'fail')).map(({ id }) => id),
    [],
  );
});

test('should have controls with names of their own', () => {
  const ids = controls.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});
