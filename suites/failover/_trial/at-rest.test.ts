import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { notedAtRest } from './at-rest.ts';

/** A trial whose runner sees `unrest`; what it records is kept. */
function trialIn(unrest: string[]): { ctx: CheckContext; recorded: unknown[] } {
  const recorded: unknown[] = [];
  const ctx = {
    id: 'failover/redis/hang',
    trial: 2,
    runner: { call: () => Promise.resolve({ unrest }) },
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: object) => recorded.push({ kind, ...fields }),
  };
  return { ctx: ctx as unknown as CheckContext, recorded };
}

test('should let a trial go on in an environment at rest', async () => {
  const { ctx, recorded } = trialIn([]);
  assert.equal(await notedAtRest(ctx), true);
  assert.deepEqual(recorded, []);
});

test('should inject nothing where something is broken already, and say what', async () => {
  const { ctx, recorded } = trialIn(['roles of rabbitmq: not seen: no member answered']);
  assert.equal(await notedAtRest(ctx), false);
  assert.deepEqual(recorded, [
    {
      kind: 'no-fault',
      reason:
        'roles and objects did not settle before the fault: roles of rabbitmq: not seen: no member answered',
    },
  ]);
});
