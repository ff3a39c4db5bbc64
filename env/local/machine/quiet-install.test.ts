import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { waitFor } from '../../../host/wait.ts';
import { installedIn } from './installed.ts';
import { ensurePackages } from './packages.ts';
import { settleInstallation, unitsIn } from './quiet-install.ts';
import { stubMachine, warningAbout } from '../_testing/machine.ts';
import type { StubbedMachine } from '../_testing/machine.ts';

test('units that can be enabled are found among the files of packages', () => {
  const files = `/.
/etc/init.d/haproxy
/lib/systemd/system
/lib/systemd/system/docker-registry.service
/usr/lib/systemd/system/fetch.timer
/usr/lib/systemd/system/fetch.timer
/lib/systemd/system/getty@.service
/lib/systemd/system/multi-user.target.wants/other.service
/usr/share/doc/haproxy/haproxy.service
`;
  assert.deepEqual(unitsIn(files.split('\n')), ['docker-registry.service', 'fetch.timer']);
});

test('half-installed packages count as installed, and those with only configuration files left do not', () => {
  const output =
    'haproxy:amd64 installed\nsocat:amd64 config-files\nadduser:all installed\nx:amd64 half-configured\n';
  assert.deepEqual(installedIn(output), ['haproxy:amd64', 'adduser:all', 'x:amd64']);
});

// In a suite, because hooks outside of one would also apply to tests of other files in the same process.
suite('an installation', () => {
  let machine: StubbedMachine;

  before(() => {
    machine = stubMachine();
  });
  after(() => {
    machine.remove();
  });

  test(
    'after an installation that was killed, the services of its packages are disabled, and no others',
    { skip: process.platform !== 'linux' },
    async () => {
      const { folder, stub } = machine;
      const said = join(folder, 'said');
      stub('systemctl', `echo "$*" >>${said}`);
      stub(
        'dpkg-query',
        `case $1 in
-W) printf 'old:amd64 installed\\nsince:amd64 installed\\nhaproxy:amd64 installed\\nsocat:amd64 installed\\n' ;;
-L) shift; for name; do echo /lib/systemd/system/$name.service | sed s/:amd64//; done ;;
esac`,
      );
      mkdirSync(join(folder, 'state'));
      const record = join(folder, 'state', 'installing.json');
      // The hook existed before the installation (policy: false), so settling must not remove it.
      writeFileSync(
        record,
        JSON.stringify({ asked: ['haproxy', 'socat'], before: ['old:amd64'], policy: false }),
      );
      await settleInstallation();
      const words = readFileSync(said, 'utf8').trim();
      assert.match(words, /^disable --quiet (--now )?haproxy\.service socat\.service$/);
      assert.ok(!existsSync(record));
      const noted = readFileSync(join(folder, 'state', 'installed.json'), 'utf8');
      assert.deepEqual(JSON.parse(noted), ['haproxy:amd64', 'socat:amd64']);
      await settleInstallation();
      assert.equal(readFileSync(said, 'utf8').trim(), words, 'nothing is disabled a second time');
    },
  );

  test(
    'that is interrupted still runs to its end, and then its services are disabled',
    { skip: process.platform !== 'linux' },
    async () => {
      const { folder, stub } = machine;
      const said = join(folder, 'said-then');
      stub('systemctl', `echo "$*" >>${said}`);
      stub(
        'dpkg-query',
        `case $1 in
-W) cat ${folder}/packages 2>/dev/null || true ;;
-L) echo /lib/systemd/system/haproxy.service ;;
esac`,
      );
      stub(
        'apt-get',
        `case "$*" in
*' -s '* | *--download-only*) ;;
*install*) touch ${folder}/begun; until [ -e ${folder}/interrupted ]; do sleep 0.05; done
  sleep 0.2; echo 'haproxy:amd64 triggers-awaited' >${folder}/packages ;;
esac`,
      );
      const interrupt = new AbortController();
      const installing = ensurePackages([], { signal: interrupt.signal });
      await waitFor(() => (existsSync(join(folder, 'begun')) ? true : null), {
        what: 'apt-get',
        deadlineMs: 10_000,
      });
      interrupt.abort(new Error('SIGINT'));
      writeFileSync(join(folder, 'interrupted'), '');
      await assert.rejects(installing, /SIGINT/);
      assert.match(readFileSync(said, 'utf8'), /^disable --quiet (--now )?haproxy\.service$/m);
      assert.ok(!existsSync(join(folder, 'state', 'installing.json')));
    },
  );

  test(
    'takes no package for its own that somebody else installs meanwhile',
    { skip: process.platform !== 'linux' },
    async () => {
      const { folder, stub } = machine;
      const said = join(folder, 'said-of-ours');
      const asked = join(folder, 'asked');
      const there = join(folder, 'there');
      stub('systemctl', `echo "$*" >>${said}`);
      stub(
        'dpkg-query',
        `case $1 in
-W) cat ${there} 2>/dev/null || true ;;
-L) shift; for name; do echo /lib/systemd/system/\${name%:*}.service; done ;;
esac`,
      );
      stub(
        'apt-get',
        `echo "$*" >>${asked}
case "$*" in
*' -s '*) printf 'Inst conntrack (1)\\nInst liblua (1 Debian [amd64])\\nConf conntrack (1)\\n' ;;
*--download-only* | *update*) ;;
*) printf 'conntrack:amd64 installed\\nliblua:amd64 installed\\nnginx:amd64 installed\\n' >>${there} ;;
esac`,
      );
      await ensurePackages([]);
      const steps = readFileSync(asked, 'utf8').replaceAll(/^-q -o \S+ | --no-install-recommends .*$/gm, '');
      assert.deepEqual(steps.trim().split('\n'), [
        'update',
        '-y --download-only install',
        '-s install',
        '-y install',
      ]);
      assert.match(
        readFileSync(said, 'utf8'),
        /^disable --quiet (--now )?conntrack\.service liblua\.service$/m,
      );
      const noted = readFileSync(join(folder, 'state', 'installed.json'), 'utf8');
      assert.match(noted, /"conntrack:amd64",\s+.*"liblua:amd64"/s);
      assert.doesNotMatch(noted, /nginx/);
    },
  );

  test(
    'that runs on without the process that began it is settled only at its end',
    { skip: process.platform !== 'linux' },
    async (context) => {
      const { folder, stub } = machine;
      const said = join(folder, 'said-late');
      const end = join(folder, 'end');
      const packages = join(folder, 'packages-late');
      stub('systemctl', `echo "$*" >>${said}`);
      stub(
        'dpkg-query',
        `case $1 in
-W) cat ${packages} 2>/dev/null || true ;;
-L) echo /lib/systemd/system/late.service ;;
esac`,
      );
      const script = `until [ -e ${end} ]; do sleep 0.05; done; echo 'late:amd64 installed' >${packages}`;
      const running = spawn('sh', ['-c', script], { stdio: 'ignore' });
      context.after(() => {
        running.kill('SIGKILL');
      });
      const apt = identify(running.pid ?? 0);
      assert.ok(apt !== null);
      const record = join(folder, 'state', 'installing.json');
      mkdirSync(join(folder, 'state'), { recursive: true });
      writeFileSync(record, JSON.stringify({ asked: ['late'], before: [], policy: false, apt }));
      const settled = settleInstallation();
      assert.equal(await Promise.race([settled, sleep(300, 'it waits')]), 'it waits');
      assert.ok(existsSync(record));
      writeFileSync(end, '');
      await settled;
      assert.match(readFileSync(said, 'utf8'), /^disable --quiet (--now )?late\.service$/m);
      assert.ok(!existsSync(record));
    },
  );

  test('records its apt-get while that runs', { skip: process.platform !== 'linux' }, async () => {
    const { folder, stub } = machine;
    const record = join(folder, 'state', 'installing.json');
    stub('dpkg-query', 'true');
    stub(
      'apt-get',
      `case "$*" in
*' -s '* | *--download-only*) ;;
*install*) tries=0
  until grep -q '"apt"' ${record} || [ $tries = 100 ]; do tries=$((tries + 1)); sleep 0.05; done
  cp ${record} ${folder}/during; echo $$ >${folder}/pid ;;
esac`,
    );
    await ensurePackages([]);
    const { apt } = JSON.parse(readFileSync(join(folder, 'during'), 'utf8')) as { apt?: ProcessId };
    assert.equal(apt?.pid, Number(readFileSync(join(folder, 'pid'), 'utf8')));
    assert.match(apt.startTime, /^\d+$/);
  });

  test('of which a power loss has emptied the record prevents no removal', async () => {
    const record = join(machine.folder, 'state', 'installing.json');
    writeFileSync(record, '');
    const warning = warningAbout(record);
    await settleInstallation();
    assert.match(await warning, /cannot be read .*policy-rc\.d may be left/);
    assert.ok(!existsSync(record));
  });
});
