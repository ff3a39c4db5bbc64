import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monoMs } from '../../host/clock.ts';
import { SeveralLeaders } from './several-leaders.ts';

/** What is written of looks at two leaders, each with its count at that look; null: it could not be counted. */
function seenIn(looks: readonly [string | null, string | null][], lastedMs = 200) {
  const written: Record<string, unknown>[] = [];
  const several = new SeveralLeaders((seen) => written.push(seen));
  for (const [a, b] of looks)
    several.saw(
      [
        { name: 'a', written: a },
        { name: 'b', written: b },
      ],
      monoMs() - lastedMs,
    );
  several.end();
  return written.map(({ wrote, uncounted }) => ({ wrote, uncounted }));
}

test('should say which of several leaders took writes, and not count the first look', () => {
  assert.deepEqual(
    seenIn([
      ['1', '1'],
      ['2', '1'],
      ['3', '1'],
      ['4', '1'],
    ]),
    [{ wrote: ['a'], uncounted: undefined }],
  );
  assert.deepEqual(
    seenIn([
      ['1', '1'],
      ['2', '2'],
    ]),
    [{ wrote: [], uncounted: undefined }],
  );
});

test('should leave open whether a leader took writes that was counted less than twice', () => {
  assert.deepEqual(
    seenIn([
      ['1', '1'],
      ['2', '7'],
      ['3', null],
      ['4', null],
    ]),
    [{ wrote: ['a'], uncounted: ['b'] }],
  );
  assert.deepEqual(
    seenIn([
      ['1', '1'],
      ['2', null],
      ['3', '7'],
      ['4', '8'],
    ]),
    [{ wrote: ['a', 'b'], uncounted: undefined }],
  );
});

test('should leave open what two looks did not show of a stretch that lasted', () => {
  const two: [string, string][] = [
    ['1', '1'],
    ['2', '2'],
  ];
  assert.deepEqual(seenIn(two, 9000), [{ wrote: [], uncounted: ['a', 'b'] }]);
});
