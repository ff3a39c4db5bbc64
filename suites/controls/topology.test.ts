import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../catalogue/index.ts';
import { judgeOf } from '../../reports/judge/index.ts';
import { controls } from './index.ts';

test('should have a control for every built topology check that the catalogue gives one, with its verdict', () => {
  for (const row of catalogue().filter((one) => one.built && one.id.startsWith('topology/'))) {
    for (const wanted of row.control) {
      const found = controls.filter(
        (control) => control.check === row.id && control.verdict === wanted.verdict,
      );
      assert.ok(found.length > 0, `${row.id}: ${wanted.how} → ${wanted.verdict}`);
    }
  }
});

test('should break only checks that are built and judged, each control under its own name', () => {
  const built = new Set(
    catalogue()
      .filter((row) => row.built)
      .map((row) => row.id),
  );
  assert.equal(new Set(controls.map((control) => control.id)).size, controls.length);
  for (const control of controls) {
    assert.ok(built.has(control.check), control.id);
    assert.ok(judgeOf(control.check), control.id);
    assert.ok(control.id.startsWith(`${control.check}/`), control.id);
  }
});

test('should say what red must look like in every control of the topology', () => {
  for (const control of controls.filter((one) => one.check.startsWith('topology/')))
    assert.ok(control.expectSeen, control.id);
});
