import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, after, describe, test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { ACTIONS, MACHINES, Model } from './_testing/model.ts';
import type { Sequence, Step } from './_testing/model.ts';
import { Safety } from './safety.ts';
import type { Mutation } from './safety.ts';

/** The numbers of sequences: few where all tests are run, and then always the same ones. */
const SEQUENCES = Number(process.env['PLUMBLINE_SAFETY_SEQUENCES'] ?? 300);
const SEED = process.env['PLUMBLINE_SAFETY_SEQUENCES'] === undefined ? { seed: 1 } : {};

const crash = fc.record({
  after: fc.nat(25),
  arrives: fc.boolean(),
  written: fc.double({ min: 0, max: 1, noNaN: true }),
});
const machine = fc.constantFrom(...MACHINES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(...ACTIONS, 'restore'),
      at: machine,
      to: fc.constantFrom(0, 1),
      value: fc.constantFrom('1', '2'),
      crash: fc.option(crash, { freq: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), seconds: fc.nat(120) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('api') }) },
);
const sequence: fc.Arbitrary<Sequence> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  gone: fc.option(machine, { freq: 3 }),
  first: machine,
});

describe('any sequence of changes, killed anywhere, restored from here or from elsewhere', () => {
  const model = new Model(join(tempFolder(), 'machines'));
  const property = fc.asyncProperty(sequence, async (one) => {
    assert.deepEqual(await model.run(one), []);
  });
  const home = process.env['XDG_STATE_HOME'];
  let uninstall = (): void => undefined;
  before(() => {
    uninstall = model.simulation.install();
  });
  after(() => {
    uninstall();
    if (home === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = home;
  });

  test(`leaves everything as before and nothing open, ${SEQUENCES} times`, async (t) => {
    await fc.assert(property, { ...SEED, numRuns: SEQUENCES });
    t.diagnostic(JSON.stringify(model.met));
    for (const [what, times] of Object.entries(model.met)) assert.ok(times > 0, `nothing met: ${what}`);
  });

  test('is found to fail where a rollback is written after its action', async (t) => {
    const perform: Safety['perform'] = Reflect.get(Safety.prototype, 'perform');
    t.mock.method(Safety.prototype, 'perform', async function (this: Safety, mutation: Mutation) {
      let isDone = true;
      await mutation.act(() => {
        isDone = false;
      });
      await Reflect.apply(perform, this, [
        {
          ...mutation,
          act: (notDone: () => void) => {
            if (!isDone) notDone();
            return Promise.resolve();
          },
        },
      ]);
    });
    const { failed, errorInstance } = await fc.check(property, { seed: 1, numRuns: 300, endOnFailure: true });
    assert.ok(failed, 'no sequence showed it');
    assert.match(String(errorInstance), /objects are|open on/);
  });
});
