import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';

const WORDS = ['redis'];
const OBJECTS = platformObjects(contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS)));
const file = (name: string): string => fileOf(OBJECTS, 'kv-setup', name);

/** Programs of these names in place of the real ones. */
function folderWith(t: TestContext, programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-kv-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'bin'));
  const all = { sleep: '', 'redis-server': 'cp "$1" started', ...programs };
  for (const [name, text] of Object.entries(all)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  for (const name of Object.keys(DATA)) writeFileSync(join(folder, name), file(name));
  return folder;
}

const DATA = (named(OBJECTS, 'ConfigMap', 'kv-setup') as unknown as { data: Record<string, string> }).data;
const HERE = '198.18.64.10';
const PASSWORDS = {
  CANARY_PASSWORD: 'of-canary',
  REPLICA_PASSWORD: 'of-replica',
  WATCHER_PASSWORD: 'of-watcher',
};

/** Runs the script of a member in a folder of its own; what it runs beside the server is run in front of it. */
function runMember(folder: string): void {
  const input = file('server.sh')
    .replaceAll('/etc/kv/', `${folder}/`)
    .replaceAll('/data/kv', folder)
    .replace(/^follow &$/m, 'follow');
  const path = `${folder}/bin:${process.env['PATH'] ?? ''}`;
  const env = { ...PASSWORDS, PATH: path, POD_IP: HERE, HOSTNAME: 'kv-1' };
  execFileSync('sh', ['-s'], { input, env, stdio: ['pipe', 'ignore', 'pipe'], timeout: 30_000 });
}

test('should go on to the master that the Sentinels name where it follows an address that is gone', (t) => {
  const follows = (host: string, link: string, named = '198.18.64.12'): string => {
    const folder = folderWith(t, {
      // One look of the loop beside the server.
      sleep: 'echo x >>looks; [ "$(wc -l <looks)" = 1 ]',
      'redis-cli': `case "$*" in
  *'info replication') printf '%s\\r\\n' '# Replication' role:slave master_host:${host} master_link_status:${link} ;;
  *'get-master-addr-by-name kv') printf '%s\\n' ${named} 6379 ;;
  *slaveof*) echo "$*" >>orders; echo OK ;;
  *'sentinel master kv'*) printf '%s\\n' name kv ip 198.18.64.11 num-slaves 1 ;;
  *' role') echo master ;;
esac`,
    });
    writeFileSync(join(folder, 'orders'), '');
    runMember(folder);
    return readFileSync(join(folder, 'orders'), 'utf8');
  };
  assert.match(
    follows('198.18.64.11', 'down'),
    /-h 198\.18\.64\.10 -p 6379 --raw slaveof 198\.18\.64\.12 6379\n$/,
  );
  assert.equal(follows('198.18.64.11', 'up'), '', 'what it follows is there');
  assert.equal(follows('198.18.64.12', 'down'), '', 'it follows whom they name');
  assert.equal(follows('198.18.64.11', 'down', HERE), '', 'they name itself');
  assert.equal(follows('198.18.64.11', 'down', "''"), '', 'they name nobody');
});

/** Whether the first Sentinel forgets what it knows: it lists replicas with these flags, and so do the others where nothing else is said. */
function forgets(t: TestContext, usable: number, flags: readonly string[], others = flags): boolean {
  const listed = (all: readonly string[]): string =>
    `printf '%s\\n' ${all.flatMap((flag) => ['name', 'x', 'flags', flag, 'ip', 'y']).join(' ')}`;
  const folder = folderWith(t, {
    'redis-cli': `case "$*" in *ckquorum*) echo 'OK ${String(usable)} usable Sentinels.' ;; *127.0.0.1*) ${listed(flags)} ;; *) ${listed(others)} ;; esac`,
  });
  const stale = /^replicas\(\) \{.*?^stale\(\) \{.*?^\}/ms.exec(file('watcher.sh'))?.[0] ?? assert.fail();
  const input = `. ${folder}/ask.sh\nown=\${SENTINELS%% *}\n${stale}\nif stale; then echo yes; fi`;
  const env = { ...PASSWORDS, PATH: `${folder}/bin:${process.env['PATH'] ?? ''}` };
  return execFileSync('sh', ['-s'], { input, env, encoding: 'utf8' }).trim() === 'yes';
}

test('should forget addresses where no member is only while all members are there', (t) => {
  const gone = 's_down,slave,disconnected';
  assert.equal(forgets(t, 3, ['slave', gone, 'slave']), true);
  assert.equal(forgets(t, 3, ['slave', 'slave']), false);
  assert.equal(forgets(t, 3, ['slave', gone]), false, 'that may be a member');
  assert.equal(forgets(t, 2, ['slave', 'slave', gone]), false, 'the others would be too few without it');
  assert.equal(forgets(t, 3, ['slave', 'slave', gone], ['slave']), false, 'another has just forgotten');
});
