import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEngine } from './index.ts';
import type { Choosable, EngineName } from './index.ts';

function engine(name: EngineName, unavailable: string | null, asked: string[] = []): Choosable {
  return {
    name,
    unavailable: () => {
      asked.push(name);
      return Promise.resolve(unavailable);
    },
  };
}

test('should take k6, then the embedded engine, and ask none that it does not need', async () => {
  const asked: string[] = [];
  const chosen = await chooseEngine('auto', [engine('embedded', null, asked), engine('k6', null, asked)]);
  assert.deepEqual([chosen.engine.name, chosen.passedOver, asked], ['k6', [], ['k6']]);
  const without = await chooseEngine('auto', [
    engine('k6', 'no k6 here: install it'),
    engine('embedded', null),
  ]);
  assert.equal(without.engine.name, 'embedded');
  assert.deepEqual(without.passedOver, [{ name: 'k6', reason: 'no k6 here: install it' }]);
});

test('should never put another in the place of the one that was named', async () => {
  const asked: string[] = [];
  const both = [engine('k6', 'no k6 here', asked), engine('embedded', null, asked)];
  assert.equal((await chooseEngine('embedded', both)).engine.name, 'embedded');
  assert.deepEqual(asked, ['embedded']);
  await assert.rejects(chooseEngine('k6', both), /"k6" cannot run: k6: no k6 here/);
});

test('should give every reason when none can run, and take a question that fails for one', async () => {
  const broken: Choosable = {
    name: 'k6',
    unavailable: () => Promise.reject(new Error('PATH is unreadable')),
  };
  await assert.rejects(
    chooseEngine('auto', [broken, engine('embedded', 'not here')]),
    /no load engine can run: k6: PATH is unreadable; embedded: not here/,
  );
});
