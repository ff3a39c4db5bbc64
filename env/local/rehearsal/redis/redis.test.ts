import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';
import { assertIsRestricted, assertKeepsSecrets, assertTakesCertificate } from '../_testing/stores.ts';
import { store } from './index.ts';

const WORDS = ['redis'];
const CONTEXT = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const OBJECTS = platformObjects(CONTEXT);
const file = (name: string): string => fileOf(OBJECTS, 'kv-setup', name);

test('should be scripts that a shell can read', () => {
  for (const name of ['ask.sh', 'alive.sh', 'server.sh', 'watcher.sh'])
    execFileSync('sh', ['-n'], { input: file(name) });
});

test('should run a server and a Sentinel in each pod, as a restricted namespace wants them', () => {
  assert.deepEqual(assertIsRestricted(OBJECTS, 'caches'), { kv: ['server', 'watcher'] });
});

test('should keep passwords and the key in Secrets alone, and use each that it names', () => {
  assertKeepsSecrets(store, CONTEXT);
});

test('should put the certificate of its own authority into its objects', async (t) => {
  await assertTakesCertificate(t, store, CONTEXT, { folder: 'kv', map: 'kv-authority', secret: 'kv-tls' });
});

test('should listen with TLS alone, and let nobody in without a name', () => {
  for (const [name, port] of [
    ['server.conf', 6379],
    ['watcher.conf', 26_379],
  ] as const) {
    assert.match(file(name), /^port 0$/m);
    assert.match(file(name), new RegExp(`^tls-port ${String(port)}$`, 'm'));
    assert.match(file(name), /^tls-replication yes$/m);
    assert.match(file(name), /^user default off$/m);
    assert.doesNotMatch(file(name), /requirepass/);
  }
});

test('should give each Sentinel an address that stays when its pod goes', () => {
  const addresses = [0, 1, 2].map(
    (at) =>
      (named(OBJECTS, 'Service', `kv-${String(at)}-watcher`)?.['spec'] as { clusterIP: string }).clusterIP,
  );
  assert.deepEqual(addresses, ['198.18.128.41', '198.18.128.42', '198.18.128.43']);
  assert.match(file('ask.sh'), new RegExp(`^SENTINELS='${addresses.join(' ')}'$`, 'm'));
});

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

/** Runs a script of the pod in a folder of its own, and returns the configuration that it starts the program with. */
function started(folder: string, script: string, pod: string): string {
  run(folder, script, { pod, beside: '' });
  return readFileSync(join(folder, 'started'), 'utf8');
}

/** @param beside what is run in the place of what the script runs beside the program */
function run(folder: string, script: string, { pod, beside }: { pod: string; beside: string }): void {
  const text = file(script)
    .replaceAll('/etc/kv/', `${folder}/`)
    .replaceAll(/\/data\/kv|\/run\/watcher/g, folder)
    .replace(/^(?:tidy|follow) &$/m, beside);
  const env = {
    ...PASSWORDS,
    PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`,
    POD_IP: HERE,
    HOSTNAME: pod,
  };
  execFileSync('sh', ['-s'], { input: text, env, stdio: ['pipe', 'ignore', 'pipe'], timeout: 30_000 });
}

/** As Sentinels and members answer: who the master is, how many replicas it has, and what role it has in its own words. */
function answers(master: string, replicas: number, role: string): string {
  return `case "$*" in
  *'sentinel master kv'*) printf '%s\\n' name kv ip ${master} num-slaves ${String(replicas)} ;;
  *' role') echo ${role} ;;
esac`;
}

test('should follow the master that the Sentinels name, once it is one', (t) => {
  const config = started(
    folderWith(t, { 'redis-cli': answers('198.18.64.11', 1, 'master') }),
    'server.sh',
    'kv-1',
  );
  assert.match(config, /^replicaof 198\.18\.64\.11 6379$/m);
  assert.match(config, new RegExp(`^replica-announce-ip ${HERE.replaceAll('.', '\\.')}$`, 'm'));
});

test('should begin as the master where the Sentinels name it and know no replica', (t) => {
  const config = started(folderWith(t, { 'redis-cli': answers(HERE, 0, '') }), 'server.sh', 'kv-0');
  assert.doesNotMatch(config, /^replicaof/m);
});

test('should wait to be replaced where it was the master, and be it again only after that', (t) => {
  const folder = folderWith(t, {
    'redis-cli': answers(HERE, 2, ''),
    sleep: 'echo x >>slept',
  });
  const config = started(folder, 'server.sh', 'kv-0');
  assert.doesNotMatch(config, /^replicaof/m);
  assert.equal(readFileSync(join(folder, 'slept'), 'utf8').match(/x/g)?.length, 30);
});

test('should go on to the master that the Sentinels name where it follows an address that is gone', (t) => {
  const follows = (host: string, link: string, named = '198.18.64.12'): string => {
    const folder = folderWith(t, {
      // One look of the loop beside the server.
      sleep: 'echo x >>looks; [ "$(wc -l <looks)" = 1 ]',
      'redis-cli': `case "$*" in
  *'info replication') printf '%s\\r\\n' '# Replication' role:slave master_host:${host} master_link_status:${link} ;;
  *'get-master-addr-by-name kv') printf '%s\\n' ${named} 6379 ;;
  *slaveof*) echo "$*" >>orders; echo OK ;;
  *) ${answers('198.18.64.11', 1, 'master')} ;;
esac`,
    });
    writeFileSync(join(folder, 'orders'), '');
    run(folder, 'server.sh', { pod: 'kv-1', beside: 'follow' });
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

test('should give the canary the documented accounts, each with its password', (t) => {
  const folder = folderWith(t, { 'redis-cli': answers(HERE, 0, '') });
  const lineOf = (config: string): string => /^user plumbline .*$/m.exec(config)?.[0] ?? '';
  const documented = (name: string): string =>
    /^user plumbline .*$/m.exec(file(name))?.[0].replace('PASSWORD', 'of-canary') ?? assert.fail();
  assert.equal(lineOf(started(folder, 'server.sh', 'kv-0')), documented('redis.acl'));
  assert.equal(lineOf(started(folder, 'watcher.sh', 'kv-0')), documented('redis-sentinel.acl'));
});

test('should have the first Sentinel begin with its own member where no other knows a master', (t) => {
  const config = started(folderWith(t, { 'redis-cli': '' }), 'watcher.sh', 'kv-0');
  assert.match(config, new RegExp(`^sentinel monitor kv ${HERE.replaceAll('.', '\\.')} 6379 2$`, 'm'));
  assert.match(config, /^sentinel announce-ip 198\.18\.128\.41$/m);
});

test('should be the same Sentinel in a new pod, and take the master from the others', (t) => {
  const idOf = (config: string): string =>
    /^sentinel myid ([0-9a-f]{40})$/m.exec(config)?.[1] ?? assert.fail();
  const asked = { 'redis-cli': answers('198.18.64.11', 2, 'master') };
  const config = started(folderWith(t, asked), 'watcher.sh', 'kv-2');
  assert.match(config, /^sentinel monitor kv 198\.18\.64\.11 6379 2$/m);
  assert.match(config, /^sentinel announce-ip 198\.18\.128\.43$/m);
  assert.equal(idOf(started(folderWith(t, asked), 'watcher.sh', 'kv-2')), idOf(config));
  assert.notEqual(idOf(started(folderWith(t, asked), 'watcher.sh', 'kv-1')), idOf(config));
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
