import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { stubMachine } from '../_testing/machine.ts';
import { aptGet, aptToItsEnd, updateLists } from './apt.ts';
import { ensurePackages } from './packages.ts';

const LINUX = { skip: process.platform !== 'linux' };
const BROKEN = 'E: The repository "https://broken.example.com stable Release" does not have a Release file.';

/** Puts a script in the place of apt-get. Returns the folder of the stubs. */
function stubApt(context: TestContext, script: (folder: string) => string): string {
  const { folder, stub, remove } = stubMachine();
  context.after(remove);
  stub('apt-get', `echo "$*" >>${folder}/asked\n${script(folder)}`);
  stub('dpkg-query', 'true');
  return folder;
}

const asked = (folder: string): string => readFileSync(join(folder, 'asked'), 'utf8');

test('should wait while another apt refreshes the lists', LINUX, async (context) => {
  const folder = stubApt(
    context,
    (at) => `[ -e ${at}/once ] && exit
touch ${at}/once
echo 'E: Sperre /var/lib/apt/lists/lock konnte nicht bekommen werden. Sie wird von Prozess 7 gehalten' >&2
exit 100`,
  );
  assert.equal(await updateLists({}), null);
  assert.equal(asked(folder).match(/update$/gm)?.length, 2);
});

test(
  'should install with the lists that are there if a source of somebody else is broken',
  LINUX,
  async (context) => {
    const folder = stubApt(
      context,
      (at) => `case "$*" in
*update*) echo '${BROKEN}' >&2; exit 100 ;;
*'-y install'*) touch ${at}/installed ;;
esac`,
    );
    await ensurePackages([]);
    assert.ok(existsSync(join(folder, 'installed')));
    assert.equal(asked(folder).match(/update$/gm)?.length, 1);
  },
);

test('should name the source that is broken if the installation fails, too', LINUX, async (context) => {
  const folder = stubApt(
    context,
    () => `case "$*" in
*update*) echo '${BROKEN}' >&2 ;;
*) echo 'E: Unable to locate package haproxy' >&2 ;;
esac
exit 100`,
  );
  await assert.rejects(
    ensurePackages([]),
    /Unable to locate package haproxy\nBefore that, the lists could not be refreshed: .*\nE: The repository "https:\/\/broken/s,
  );
  assert.doesNotMatch(asked(folder), /-y install/);
});

test(
  'should give no deadline to what changes packages: at its end dpkg would be killed',
  LINUX,
  async (context) => {
    stubApt(context, () => '');
    const started = context.mock.method(childProcess, 'execFile');
    syncBuiltinESMExports();
    context.after(() => {
      context.mock.restoreAll();
      syncBuiltinESMExports();
    });
    await aptGet(['-s', 'install', 'x'], {});
    await aptToItsEnd(['-y', 'install', 'x'], {});
    const [looking, changing] = started.mock.calls.map(
      (call) => (call.arguments as unknown as [string, string[], { timeout: number }])[2].timeout,
    );
    assert.ok(looking! > 0);
    assert.equal(changing, 0);
  },
);
