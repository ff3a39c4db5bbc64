import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewObservation } from '../../probes/history.ts';
import { measureClock, measureNodes } from './clocks.ts';

const signal = new AbortController().signal;

function measuring() {
  const written: NewObservation[] = [];
  return { written, of: { write: (seen: NewObservation) => void written.push(seen), signal } };
}

test('false verdict 21: should measure a clock with an error of half the time that it took', async () => {
  const { written, of } = measuring();
  const ask = () => Promise.resolve({ saidMs: Date.now() + 40_000, precision: 'ms' } as const);
  const found = await measureClock('w1', ask, of);
  assert.ok(found !== null && Math.abs(found.offsetMs - 40_000) < 1_000 && found.errorMs < 1_000);
  assert.deepEqual(
    written.map(({ kind }) => kind),
    ['clock-offset'],
  );
});

test('should say so where a clock cannot be read', async () => {
  const { written, of } = measuring();
  assert.equal(await measureClock('w1', () => Promise.reject(new Error('forbidden')), of), null);
  const [{ kind, ...fields } = { kind: '' }] = written;
  assert.deepEqual([kind, fields], ['clock-unread', { source: 'w1', reason: 'forbidden' }]);
});

test('should take the clock of a node from a pod that runs there, with the second that it leaves out', async () => {
  const { of } = measuring();
  const exec = ({ pod }: { pod: string }) =>
    Promise.resolve(
      pod === 'broken'
        ? { code: 127, stdout: '', stderr: 'no such program' }
        : { code: 0, stdout: `${Math.floor(Date.now() / 1000) - 100}\n`, stderr: '' },
    );
  const pod = { node: 'w1', namespace: 'n', pod: 'p', container: 'c' };
  const found = await measureNodes({ exec }, [pod, { ...pod, node: 'w2', pod: 'broken' }], of);
  assert.deepEqual(
    found.map(({ node }) => node),
    ['w1'],
  );
  const [{ offsetMs, errorMs } = { offsetMs: 0, errorMs: 0 }] = found;
  assert.ok(errorMs >= 500 && Math.abs(offsetMs + 100_000) <= errorMs + 5, `${offsetMs} ± ${errorMs}`);
});
