import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareJudgement } from '../record/outcome.ts';
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
    /^✗ fail +a\/b {2}two are missing {2}\[1 of 2, 0 s elapsed, about 3 min 20 s left\]\n$/,
  );
});

test('should say how long a step has taken, and how long it took the last time', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const { lines, progress } = shown();
  const steps = new Map([['wait for pods', 53_000]]);
  progress.expect(
    new Map([
      ['a/b', 1000],
      ['a/c', 40_000],
    ]),
    new Map([['a/b', { checkMs: 74_000, stepsMs: steps }]]),
  );
  const look = (ms: number): string => {
    now = ms;
    context.mock.timers.tick(1000);
    return (lines.at(-1) ?? '').trim();
  };
  progress.waits('a/b');
  assert.equal(look(20_000), '… a/b: waiting for its turn  [0 of 2, 20 s elapsed, about 1 min 54 s left]');
  progress.step('a/b', 'wait for pods');
  assert.equal(
    look(40_000),
    '… a/b: wait for pods (20 s, 53 s the last time)  [0 of 2, 40 s elapsed, about 94 s left]',
  );
  progress.detail('a/b', '2 of 4 ready');
  assert.equal(
    look(110_000),
    '… a/b: 2 of 4 ready (90 s, 53 s the last time)  [0 of 2, 1 min 50 s elapsed, about 40 s left, a/b taking longer than expected]',
  );
  progress.close();
});

test('should count what provisioning the environment still takes as time that is left', () => {
  const { lines, progress } = shown();
  progress.expect(new Map([['a/b', 60_000]]));
  progress.doing('provisioning local: toolchain (2 of 11) compiling', 540_000);
  progress.close();
  assert.match(lines.at(-1) ?? '', /about 10 min 0 s left/);
});

test('should say a new thing at once and keep quiet about more words on the same one', () => {
  const { lines, progress } = shown();
  progress.doing('provisioning local: nodes (5 of 10) one');
  progress.doing('provisioning local: nodes (5 of 10) two');
  progress.doing('provisioning local: join (6 of 10) three');
  progress.close();
  assert.deepEqual(
    lines.map((line) => line.replace(/ {2}\[.*/s, '')),
    ['… provisioning local: nodes (5 of 10) one', '… provisioning local: join (6 of 10) three'],
  );
});

test('should not take a check for one in progress by a step that is told after its verdict', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const { lines, progress } = shown();
  const checks = new Map([
    ['a/b', 1000],
    ['a/c', 40_000],
  ]);
  progress.expect(checks);
  progress.step('a/c', 'wait for pods');
  progress.ended('a/b', bareJudgement('fail', ''));
  progress.step('a/b', 'list the nodes');
  now = 11_000;
  context.mock.timers.tick(1000);
  assert.equal(
    (lines.at(-1) ?? '').trim(),
    '… a/c: wait for pods (11 s)  [1 of 2, 11 s elapsed, about 29 s left]',
  );
  progress.expect(new Map([['a/b', 1000]]));
  progress.step('a/b', 'list the nodes');
  now = 30_000;
  context.mock.timers.tick(1000);
  assert.match((lines.at(-1) ?? '').trim(), /a\/b: list the nodes \(19 s\)/);
  progress.close();
});

test('should show names of others on one line, without commands to a terminal and without secrets', () => {
  const { lines, progress } = shown();
  progress.redact = (text) => text.replaceAll('geheim', '***');
  progress.expect(new Map([['a/b', 1000]]));
  progress.step('a/b', 'look at \u001b[2Kone\ntwo');
  progress.ended('a/b', bareJudgement('fail', 'dashboard "x\n✓ pass  all\u001b[2K" of geheim'));
  progress.say('login with geheim');
  progress.close();
  assert.ok(lines.every((line) => !line.includes('\u001b') && line.indexOf('\n') === line.length - 1));
  assert.match(lines.join(''), /dashboard "x ✓ pass all.*of \*\*\*[^]*login with \*\*\*/);
});

test('should give no command to a CI server in the name of somebody else', () => {
  const { lines, progress } = shown();
  const command = '##vso[task.setvariable variable=verdict]met';
  progress.expect(new Map([['a/b', 1000]]));
  progress.doing(`look at ${command}`);
  progress.ended('a/b', bareJudgement('fail', `dashboard ${command}`));
  progress.say(`${command}\n::stop-commands::x`);
  progress.close();
  assert.equal(lines.length, 3);
  assert.doesNotMatch(lines.join(''), /##vso|^\s*::/m);
  assert.match(lines.join(''), /dashboard # #vso\[task/);
});
