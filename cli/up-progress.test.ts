import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, UpProgressView } from './up-progress.ts';
import type { UpProgress } from '../env/providers/provider.ts';

const base: UpProgress = {
  step: 'images',
  index: 3,
  of: 10,
  elapsedMs: 0,
  remainingMs: 247_000,
  message: 'base',
};

function collect(isTTY: boolean): { view: UpProgressView; texts: string[] } {
  const texts: string[] = [];
  return { view: new UpProgressView({ isTTY, columns: 40, write: (text) => texts.push(text) }), texts };
}

test('should write minutes and seconds', () => {
  assert.deepEqual([clock(0), clock(59_600), clock(247_000)], ['0:00', '1:00', '4:07']);
});

test('should write a line at each step and every 15 s without a terminal', () => {
  const { view, texts } = collect(false);
  for (const elapsedMs of [0, 5000, 14_999, 15_000, 20_000]) view.show({ ...base, elapsedMs });
  view.show({ ...base, step: 'clean', index: 4, elapsedMs: 21_000, remainingMs: null });
  view.end();
  assert.deepEqual(texts, [
    '[3/10] images: base (0:00, about 4:07 left)\n',
    '[3/10] images: base (0:15, about 4:07 left)\n',
    '[4/10] clean: base (0:21)\n',
  ]);
});

test('should keep one live line within the terminal', () => {
  const { view, texts } = collect(true);
  view.show({ ...base, message: 'a very long message that would wrap the line of the terminal' });
  view.end();
  assert.equal(texts.length, 2);
  assert.ok(String(texts[0]).startsWith('\r\u001b[K'));
  assert.ok(!String(texts[0]).includes('terminal'));
  assert.equal(texts[1], '\r\u001b[K');
});
