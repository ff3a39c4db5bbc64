import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';
import { assertIsRestricted, assertKeepsSecrets, assertTakesCertificate } from '../_testing/stores.ts';
import { store } from './index.ts';

const WORDS = ['rabbitmq'];
const CONTEXT = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const OBJECTS = platformObjects(CONTEXT);
const file = (name: string): string => fileOf(OBJECTS, 'broker-config', name);

test('should be scripts that a shell can read', () => {
  for (const name of ['start.sh', 'alive.sh', 'account.sh', 'rabbitmq.sh'])
    execFileSync('sh', ['-n'], { input: file(name) });
});

test('should run one server in each pod, as a restricted namespace wants it', () => {
  assert.deepEqual(assertIsRestricted(OBJECTS, 'messaging'), { broker: ['rabbit'] });
});

test('should keep passwords and the key in Secrets alone, and use each that it names', () => {
  assertKeepsSecrets(store, CONTEXT);
});

test('should put the certificate of its own authority into its objects', async (t) => {
  const place = { folder: 'broker', map: 'broker-authority', secret: 'broker-tls' };
  await assertTakesCertificate(t, store, CONTEXT, place);
});

test('should listen with TLS alone, and be reached at an address that environment files name', () => {
  const conf = file('rabbitmq.conf');
  assert.match(conf, /^listeners\.tcp = none$/m);
  assert.match(conf, /^listeners\.ssl\.default = 5671$/m);
  assert.match(conf, /^management\.ssl\.port = 15671$/m);
  assert.doesNotMatch(conf, /management\.tcp|5672/);
  const { clusterIP, ports } = named(OBJECTS, 'Service', 'broker')?.['spec'] as {
    clusterIP: string;
    ports: { port: number }[];
  };
  assert.equal(clusterIP, '198.18.128.61');
  assert.deepEqual(
    ports.map(({ port }) => port),
    [5671, 15_671],
  );
});

/** Runs account.sh with this program in place of rabbitmqctl; returns the calls, a line each. */
function callsOf(t: TestContext, rabbitmqctl = ''): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-broker-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'rabbitmqctl');
  writeFileSync(program, `#!/bin/sh\necho rabbitmqctl "$@" >>'${folder}/calls'\n${rabbitmqctl}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(folder, 'plumbline'), 'the-canary');
  writeFileSync(join(folder, 'rabbitmq.sh'), file('rabbitmq.sh'));
  const input = file('account.sh').replaceAll(/\/etc\/rabbitmq(?:-credentials)?\//g, `${folder}/`);
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
  execFileSync('sh', ['-s'], { input, env, stdio: ['pipe', 'ignore', 'pipe'], timeout: 20_000 });
  return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
}

test('should make the documented account once', (t) => {
  const made = callsOf(t);
  assert.ok(made.includes('rabbitmqctl add_user plumbline the-canary'));
  assert.ok(made.includes('rabbitmqctl set_user_tags plumbline monitoring'));
  assert.equal(made.at(-1), 'rabbitmqctl set_permissions -p orders plumbline ^$ ^$ ^$');
  const there = `case "$*" in *list_user_permissions*) printf 'plumbline\\t.*\\norders\\t^$\\n' ;; esac`;
  const again = callsOf(t, there);
  assert.deepEqual(again, ['rabbitmqctl --quiet list_user_permissions plumbline']);
});
