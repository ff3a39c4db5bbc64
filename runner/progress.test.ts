import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareJudgement } from './outcome.ts';
import { Progress } from './progress.ts';

function shown(): { lines: string[]; progress: Progress } {
  const lines: string[] = [];
  const progress = new Progress({ write: (text: string) => lines.push(text) });
  return { lines, progress };
}

test('should print each verdict with its count and the time that is left', () => {
  const { lines, progress } = shown();
  progress.expect(
    new Map([
      ['a/b', 1000],
      ['a/c', 200_000],
    ]),
  );
  progress.step('a/b', 'looking');
  progress.ended('a/b', bareJudgement('fail', 'two are missing'));
  progress.close();
  assert.match(
    lines.at(-1) ?? '',
    /^✘ fail +a\/b {2}two are missing {2}\[1 of 2, 0 s elapsed, about 3 min 20 s left\]\n$/,
  );
});

test('should count what raising the environment still takes as time that is left', () => {
  const { lines, progress } = shown();
  progress.expect(new Map([['a/b', 60_000]]));
  progress.doing('raising local: toolchain (2 of 11) compiling', 540_000);
  progress.close();
  assert.match(lines.at(-1) ?? '', /about 10 min 0 s left/);
});

test('should say a new thing at once and keep quiet about more words on the same one', () => {
  const { lines, progress } = shown();
  progress.doing('raising local: nodes (5 of 10) one');
  progress.doing('raising local: nodes (5 of 10) two');
  progress.doing('raising local: join (6 of 10) three');
  progress.close();
  assert.deepEqual(
    lines.map((line) => line.replace(/ {2}\[.*/s, '')),
    ['… raising local: nodes (5 of 10) one', '… raising local: join (6 of 10) three'],
  );
});
