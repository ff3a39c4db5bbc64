import assert from 'node:assert/strict';
import { test } from 'node:test';
import { governingGap } from './governing.ts';
import { Synthetic } from './synthetic.ts';

const changed = (
  change: (seen: { name?: string; value?: string }) => unknown,
  settings = {},
): string | null => {
  const trial = new Synthetic();
  Object.assign(trial.outline.settings, settings);
  for (const seen of trial.observations) if (seen.kind === 'governing') change(seen);
  return governingGap(trial.history());
};

test('should know every setting that governs, of its kind and in its place', () => {
  assert.equal(
    changed(() => null),
    null,
  );
  const renamed = changed((seen) => seen.name === 'ttl' && Object.assign(seen, { name: 'loop_wait' }));
  assert.match(renamed ?? '', /were not read: ttl/);
  const swapped = changed((seen) => {
    const other = { ttl: 'loop_wait', loop_wait: 'ttl' }[seen.name ?? ''];
    if (other !== undefined) seen.name = other;
  });
  assert.match(swapped ?? '', /the lease runs out before it is renewed/);
  const word = changed((seen) => seen.name === 'fsync' && Object.assign(seen, { value: '5' }));
  assert.match(word ?? '', /fsync is "5", which it cannot be/);
  const twice = new Synthetic().see(-100, 'governing', {
    name: 'ttl',
    value: '20',
    source: 'Patroni /config',
  });
  assert.match(governingGap(twice.history()) ?? '', /ttl of Patroni \/config was read twice/);
});

test('should hold what governs against what the environment declares', () => {
  const stores = { postgres: { members: 3, durability: { fsync: 'on' } } };
  assert.equal(
    changed(() => null, { stores }),
    null,
  );
  const off = changed((seen) => seen.name === 'fsync' && Object.assign(seen, { value: 'off' }), { stores });
  assert.match(off ?? '', /fsync is declared as "on", and is not so/);
});
