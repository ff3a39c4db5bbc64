import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { NotApplicable } from '../../suites/harness/control.ts';
import { cameOf, endOf, leftOutText, runControls, selected, uncaughtLines } from './controls.ts';

test('should break nothing on a cluster that env up has not stamped, or stamped with another size', async (t) => {
  const state = emptyFolderIn(t, 'PLUMBLINE_STATE');
  const options = { check: ['topology/nodes/pools/*'], out: join(state, 'runs') };
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
  assert.equal((await runControls(options)).exitCode, 64);
  assert.match(
    said.join(''),
    /only in a small environment that `plumbline env up.*` provisioned; found none/,
  );
  mkdirSync(join(state, 'local-small'), { recursive: true });
  const stamp = { instance: 'local-small', size: 'full', with: ['postgres'], uid: 'u', caSha256: 'c' };
  writeFileSync(join(state, 'local-small', 'stamp.json'), JSON.stringify(stamp));
  assert.equal((await runControls(options)).exitCode, 64);
  assert.match(said.join(''), /provisioned; found full/);
  assert.ok(!readdirSync(state).includes('runs'), 'no run took place');
});

test('should choose controls by globs over checks and controls, and refuse a glob that matches none', () => {
  const controls = ['a/one/broken', 'a/two/broken', 'a/two/late'].map((id) => ({
    id,
    check: id.replace(/\/[^/]+$/, ''),
  }));
  const chosen = (...of: Parameters<typeof selected> extends [unknown, ...infer Rest] ? Rest : never) =>
    selected(controls, ...of).map(({ id }) => id);
  assert.deepEqual(chosen({}), ['a/one/broken', 'a/two/broken', 'a/two/late']);
  assert.deepEqual(chosen({ check: ['a/two'] }), ['a/two/broken', 'a/two/late']);
  assert.deepEqual(chosen({ check: ['a/one', 'a/two/late'] }), ['a/one/broken', 'a/two/late']);
  assert.deepEqual(chosen({ without: ['a/two/broken'] }), ['a/one/broken', 'a/two/late']);
  assert.deepEqual(chosen({ check: ['a/*'], without: ['**/broken'] }), ['a/two/late']);
  const usage = (message: RegExp) => ({ exitCode: 64, message });
  assert.throws(
    () => chosen({ check: ['a/one', 'b/**'] }),
    usage(/no control matches "b\/\*\*".*a\/two\/late/s),
  );
  assert.throws(() => chosen({ without: ['a/two/lost'] }), usage(/no control matches "a\/two\/lost"/));
  assert.throws(() => chosen({ without: ['**'] }), usage(/every control is left out/));
});

test('false verdict 15: controls of which none was run, or some were skipped, show nothing and end with 2', () => {
  assert.deepEqual(endOf({ passed: 0, failed: 0, skipped: 3 }, 0), {
    exitCode: 2,
    said: 'no control was run, so no check is proved able to fail',
  });
  assert.equal(endOf({ passed: 0, failed: 0, skipped: 0 }, 0).exitCode, 2);
  assert.equal(endOf({ passed: 4, failed: 0, skipped: 1 }, 0).exitCode, 2);
  assert.equal(endOf({ passed: 4, failed: 1, skipped: 1 }, 0).exitCode, 1);
  assert.equal(endOf({ passed: 4, failed: 0, skipped: 0 }, 1).exitCode, 1);
  assert.deepEqual(endOf({ passed: 4, failed: 0, skipped: 0 }, 0), { exitCode: 0, said: null });
});

test('should say which controls there are besides and were not run, for want of parts or of the other size', () => {
  const of = (lacks: string[], otherSize = false) => ({ lacks, otherSize });
  assert.equal(leftOutText([], 'small'), null);
  const many = [of(['telemetry']), of(['redis']), of(['telemetry', 'ai']), of([], true), of(['gpu'], true)];
  assert.equal(
    leftOutText(many, 'small'),
    'left out: 3 of parts that are not provisioned (ai, redis, telemetry) and 2 of --size full: that their checks can fail is not shown by this',
  );
  assert.match(leftOutText([of([], true)], 'full') ?? '', /^left out: 1 of --size small: /);
});

test('should name each control that was not caught in one line, with all that was seen instead', () => {
  assert.deepEqual(uncaughtLines([]), []);
  const lines = uncaughtLines([
    {
      control: { id: 'a/b/one', verdict: 'fail' },
      problems: [
        'the check says pass: all\n  well\u001b[2K',
        'the environment is not as it was before the control: pod x',
      ],
    },
  ]);
  assert.deepEqual(lines, [
    '1 negative control was not caught:',
    '  a/b/one: must be fail; the check says pass: all well\ufffd[2K; the environment is not as it was before the control: pod x',
  ]);
});

test('should tell a control that has nothing to break here from one that failed', () => {
  assert.deepEqual(cameOf(new NotApplicable('the environment declares no telemetry.alerts')), {
    problems: [],
    inapplicable: 'the environment declares no telemetry.alerts',
  });
  assert.deepEqual(cameOf(new Error('status 403')), {
    problems: ['the control itself failed: status 403'],
    inapplicable: null,
  });
});
