import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadEngine } from './engine.ts';
import { chooseEngine, pick, type Candidate, type EngineName } from './index.ts';

const can = (name: EngineName): Candidate => ({ name, unavailable: null });
const cannot = (name: EngineName): Candidate => ({ name, unavailable: `no ${name} here: install it` });

test('should take k6, then the operator where it is declared, then the embedded engine', () => {
  assert.equal(pick('auto', [can('embedded'), can('k6-operator'), can('k6')]).name, 'k6');
  assert.equal(pick('auto', [cannot('k6'), can('k6-operator'), can('embedded')]).name, 'k6-operator');
  assert.deepEqual(pick('auto', [cannot('k6'), can('embedded')]), {
    name: 'embedded',
    passedOver: [
      { name: 'k6', reason: 'no k6 here: install it' },
      { name: 'k6-operator', reason: 'the environment does not declare this engine' },
    ],
  });
});

test('should never put another in the place of the one that was named', () => {
  assert.deepEqual(pick('embedded', [can('k6'), can('embedded')]), { name: 'embedded', passedOver: [] });
  assert.throws(() => pick('k6', [cannot('k6'), can('embedded')]), /"k6" cannot run: no k6 here: install it/);
  assert.throws(
    () => pick('k6-operator', [can('k6')]),
    /"k6-operator" cannot run: the environment does not declare this engine/,
  );
});

test('should choose another where the named one is unfit for the load, and say why', async () => {
  const unfit: Candidate = { name: 'k6-operator', unavailable: 'it judges latencies' };
  const reason = { name: 'k6-operator', reason: 'it judges latencies' };
  assert.deepEqual(pick('k6-operator', [unfit, can('k6')], true), { name: 'k6', passedOver: [reason] });
  const engines = (['k6', 'k6-operator', 'embedded'] as const).map((name) =>
    engine(name, () =>
      Promise.resolve(name === 'embedded' ? null : name === 'k6' ? 'not here' : unfit.unavailable),
    ),
  );
  const chosen = await chooseEngine('k6-operator', engines, true);
  assert.equal(chosen.engine.name, 'embedded');
  assert.deepEqual(chosen.passedOver, [reason, { name: 'k6', reason: 'not here' }]);
  await assert.rejects(chooseEngine('k6-operator', engines), /"k6-operator" cannot run: it judges latencies/);
});

test('should give every reason when none can run', () => {
  assert.throws(
    () => pick('auto', [cannot('k6'), cannot('embedded')]),
    /^NoEngineError: no load engine can run: k6: no k6 here: install it; k6-operator: the .*; embedded: no embedded here/,
  );
});

function engine(
  name: EngineName,
  unavailable: () => Promise<string | null>,
  asked: string[] = [],
): LoadEngine {
  return {
    name,
    unavailable: () => {
      asked.push(name);
      return unavailable();
    },
    run: () => Promise.reject(new Error('not run here')),
  };
}

test('should ask no engine that it does not need', async () => {
  const asked: string[] = [];
  const all = (['embedded', 'k6-operator', 'k6'] as const).map((name) =>
    engine(name, () => Promise.resolve(name === 'k6' ? 'not here' : null), asked),
  );
  const chosen = await chooseEngine('auto', all);
  assert.deepEqual([chosen.engine.name, asked], ['k6-operator', ['k6', 'k6-operator']]);
  assert.deepEqual(chosen.passedOver, [{ name: 'k6', reason: 'not here' }]);
  asked.length = 0;
  assert.equal((await chooseEngine('embedded', all)).engine.name, 'embedded');
  assert.deepEqual(asked, ['embedded']);
});

test('should take a question that fails for a reason why not', async () => {
  const broken = engine('k6', () => Promise.reject(new Error('PATH is unreadable')));
  await assert.rejects(chooseEngine('k6', [broken]), /"k6" cannot run: PATH is unreadable/);
  await assert.rejects(chooseEngine('auto', [broken]), /no load engine can run: k6: PATH is unreadable/);
});
