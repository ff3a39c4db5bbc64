import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { followStore } from './following.ts';
import type { SeenLeader } from './following.ts';
import type { StoreObservation } from './store-driver.ts';

/** What is written while looks come to these answers, one after the other; the last one stays. */
async function told(answers: readonly (SeenLeader | Error)[]): Promise<StoreObservation[]> {
  const written: StoreObservation[] = [];
  const { promise: all, resolve } = Promise.withResolvers<undefined>();
  let looks = 0;
  const observer = followStore(
    {
      leader: () => {
        const answer = answers[Math.min(looks++, answers.length - 1)];
        if (looks > answers.length) resolve(undefined);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? null);
      },
    },
    { pollMs: 2, write: (seen) => written.push(seen) },
  );
  await all;
  await observer.stop();
  return written;
}

test('should write each change of who leads, and at the end when that was last known', async () => {
  const seen = await told([{ leader: 'a' }, { leader: 'a' }, { leader: null }, { leader: 'b' }]);
  const leaders = seen.flatMap((one) => (one.kind === 'leader' ? [one] : []));
  assert.deepEqual(
    leaders.map(({ leader, final }) => [leader, final ?? false]),
    [
      ['a', false],
      [null, false],
      ['b', false],
      ['b', true],
    ],
  );
  assert.ok((leaders.at(-1)?.pollMs ?? -1) >= 0);
});

test('should say in one piece why it did not see who leads', async () => {
  const seen = await told([
    { leader: 'a' },
    new Error('refused'),
    new Error('refused again'),
    { leader: 'a' },
    new Error('gone'),
    { leader: 'a' },
  ]);
  const pieces = seen.flatMap((one) => (one.kind === 'evidence' ? [one] : []));
  assert.equal(pieces.length, 1);
  assert.match(pieces[0]?.text ?? '', /^\S+Z who leads: refused\n\S+Z who leads: gone$/);
});

test('should throw when it is stopped, and not before, that an observation could not be written', async () => {
  const { promise: tried, resolve } = Promise.withResolvers<undefined>();
  const observer = followStore(
    { leader: () => Promise.resolve(null) },
    {
      pollMs: 2,
      endpoints: () => ['10.0.0.1'],
      write: () => {
        resolve(undefined);
        throw new Error('ENOSPC: no space left on device');
      },
    },
  );
  await tried;
  // A rejection that nobody waits for would end this process here.
  await setImmediate();
  await assert.rejects(observer.stop(), /ENOSPC/);
});

const both = (a: string | null, b: string | null): SeenLeader => ({
  leader: 'b',
  leading: [
    { name: 'a', written: a },
    { name: 'b', written: b },
  ],
});
const alone: SeenLeader = { leader: 'b', leading: [{ name: 'b', written: null }] };
const stretches = (seen: readonly StoreObservation[]) =>
  seen.flatMap((one) => (one.kind === 'several-leaders' ? [one] : []));

test('should write how long several led, and on which of them clients wrote meanwhile', async () => {
  const [first, second, ...more] = stretches(
    // In the first interval of a stretch the other may not have led yet.
    await told([
      alone,
      both('10', '2'),
      both('11', '3'),
      both('11', '4'),
      alone,
      both('12', '6'),
      both('12', '6'),
      both('13', '7'),
    ]),
  );
  assert.deepEqual([first?.leaders, first?.wrote], [['a', 'b'], ['b']]);
  assert.deepEqual(
    [second?.leaders, second?.wrote],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
  const [fromMs = 0, toMs = 0] = first?.betweenMs ?? [];
  assert.ok(toMs > fromMs);
  assert.equal(more.length, 0);
  assert.deepEqual(stretches(await told([{ leader: 'a' }, alone, alone])), []);
});

test('should ask each member at its own pace where a manager tells who leads, whatever keeps the manager', async () => {
  const written: StoreObservation[] = [];
  const { promise: done, resolve } = Promise.withResolvers<undefined>();
  const looks = [both('1', '1'), both('1', '1'), both('2', '3'), new Error('refused'), alone];
  let asked = 0;
  const observer = followStore(
    {
      // A manager that answers at no look until everything ends.
      leader: async (signal) => {
        await once(signal, 'abort');
        throw new Error('aborted');
      },
      leading: () => {
        const look = looks[Math.min(asked++, looks.length - 1)];
        if (asked > looks.length) resolve(undefined);
        return look instanceof Error ? Promise.reject(look) : Promise.resolve(look?.leading ?? []);
      },
    },
    { pollMs: 2, write: (seen) => written.push(seen) },
  );
  await done;
  await observer.stop();
  const [several, ...more] = stretches(written);
  assert.deepEqual([several?.wrote, more], [['a', 'b'], []]);
  assert.equal(written.filter(({ kind }) => kind === 'leader').length, 0);
  const [evidence] = written.flatMap((one) => (one.kind === 'evidence' ? [one.text] : []));
  assert.match(evidence ?? '', /^\S+Z whether each member leads: refused$/);
  assert.equal(written.filter(({ kind }) => kind === 'leaders-asked').length, 1);
});

test('should name a leader whose writes could not be counted, unless there was nothing to compare', async () => {
  const [long] = stretches(await told([alone, both(null, '1'), both(null, '2'), both(null, '3'), alone]));
  assert.deepEqual([long?.wrote, long?.uncounted], [['b'], ['a']]);
  // One that is stopped while it is asked once more was counted before.
  const [stopped] = stretches(
    await told([alone, both('1', '1'), both('1', '2'), both('1', '3'), both(null, '3'), alone]),
  );
  assert.deepEqual([stopped?.wrote, stopped?.uncounted], [['b'], undefined]);
  const [short] = stretches(await told([alone, both(null, null), both(null, null), alone]));
  assert.deepEqual([short?.wrote, short?.uncounted], [[], undefined]);
});

test('should say at how many looks each member was asked whether it leads, and nothing where another told', async () => {
  const asked = (seen: readonly StoreObservation[]) =>
    seen.flatMap((one) => (one.kind === 'leaders-asked' ? [one.looks] : []));
  const [looks = 0, ...more] = asked(await told([alone, new Error('refused'), alone]));
  assert.ok(looks >= 2);
  assert.deepEqual(more, []);
  assert.deepEqual(asked(await told([{ leader: 'a' }, { leader: 'b' }])), []);
});
