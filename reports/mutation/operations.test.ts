import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Synthetic } from '../judge/failover/_testing/synthetic.ts';
import { isName } from './names.ts';
import { detailsByOutcome } from './operations.ts';

test('should tell apart what details say of operations that ended otherwise', () => {
  const made = new Synthetic();
  Object.assign(made.write(1), { detail: 'opened=1.0' });
  Object.assign(made.write(1_001), { outcome: 'unknown', detail: 'ECONNRESET' });
  const { writes } = made.history();
  const found = detailsByOutcome(writes);
  assert.deepEqual([...found.keys()].toSorted(), ['fail', 'ok', 'unknown']);
  assert.deepEqual(
    found.get('unknown')?.map((index) => writes.detail.get(index)),
    ['ECONNRESET'],
  );
});

test('should take a row of numbers for no name', () => {
  assert.deepEqual(['20>21>22', '512Mi', 'worker-1', 'a>b'].map(isName), [false, false, true, true]);
});
