import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './catalogue/index.ts';
import { allControls, judgeOf } from './catalogue/loaded.ts';

const built = catalogue().filter((row) => row.built);
const controls = await allControls();

test('false verdict 15: every check that is built has a control that makes it fail', () => {
  const fails = new Set(controls.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check));
  assert.deepEqual(
    built.filter(({ id }) => !fails.has(id)).map(({ id }) => id),
    [],
  );
});

test('should have controls with names of their own, below the check that they break', () => {
  const ids = controls.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, check } of controls) assert.ok(id.startsWith(`${check}/`), id);
});

test('should lose no control of a family: each is of a check whose folder has it', async () => {
  const families = await Promise.all(built.map(async (row) => (await row.controls?.()) ?? []));
  const kept = new Set(controls.map(({ id }) => id));
  assert.deepEqual(
    families
      .flat()
      .filter(({ id }) => !kept.has(id))
      .map(({ id }) => id),
    [],
  );
});

test('should say what red must look like in every control', () => {
  for (const control of controls) assert.ok(control.seen ?? 'verify' in control, control.id);
});

test('should have a judge, an observer and controls of every check that is built, and of no other', async () => {
  for (const row of catalogue()) {
    const there = ['observe', 'judge', 'controls'].map((part) => part in row);
    assert.deepEqual(there, [row.built, row.built, row.built], row.id);
    assert.equal((await judgeOf(row.id)) !== undefined, row.built, row.id);
    assert.equal(typeof (await row.observe?.()), row.built ? 'function' : 'undefined', row.id);
  }
});
