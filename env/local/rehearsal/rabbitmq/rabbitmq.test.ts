import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const file = (name: string): string => fileOf(OBJECTS, 'broker-setup', name);

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
  const conf = file('10-broker.conf');
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

test('should keep the cookie above the data, in what goes with the pod', () => {
  const { template } = named(OBJECTS, 'StatefulSet', 'broker')?.['spec'] as {
    template: {
      spec: { containers: { volumeMounts: { name: string; mountPath: string }[] }[]; volumes: object[] };
    };
  };
  const mounts = template.spec.containers[0]?.volumeMounts ?? [];
  const at = (name: string): string | undefined => mounts.find((one) => one.name === name)?.mountPath;
  assert.deepEqual([at('home'), at('data')], ['/var/lib/rabbitmq', '/var/lib/rabbitmq/mnesia']);
  assert.match(JSON.stringify(template.spec.volumes), /"name":"home","emptyDir"/);
});

/** Runs a script of the pod with these programs in place of the real ones; returns their calls, a line each. */
function callsOf(t: TestContext, script: string, setting: Setting): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-broker-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['bin', 'data']) mkdirSync(join(folder, name));
  if (setting.hasData === true) mkdirSync(join(folder, 'data/mnesia'));
  const programs = { epmd: '', sleep: '', 'rabbitmq-server': '', rabbitmqctl: '', ...setting.programs };
  for (const [name, text] of Object.entries(programs)) {
    const program = join(folder, 'bin', name);
    writeFileSync(program, `#!/bin/sh\necho ${name} "$@" >>'${folder}/calls'\n${text}\n`);
    chmodSync(program, 0o755);
  }
  for (const name of ['canary', 'cookie']) writeFileSync(join(folder, name), `the-${name}`);
  writeFileSync(join(folder, 'rabbitmq.sh'), file('rabbitmq.sh'));
  const input = file(script).replaceAll(/\/etc\/broker(?:-secrets)?\//g, `${folder}/`);
  const env = {
    PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_NODENAME: `rabbit@${setting.pod ?? 'broker-0'}.broker-nodes.messaging.svc.cluster.local`,
  };
  execFileSync('sh', ['-s'], { input, env, stdio: ['pipe', 'ignore', 'pipe'], timeout: 20_000 });
  if (script === 'start.sh') assert.equal(readFileSync(join(folder, '.erlang.cookie'), 'utf8'), 'the-cookie');
  const calls = join(folder, 'calls');
  return existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
}

interface Setting {
  readonly programs?: Readonly<Record<string, string>>;
  readonly pod?: string;
  readonly hasData?: boolean;
}

const names = (calls: readonly string[]): string[] => calls.map((line) => line.split(' ')[0] ?? '');

test('should start the first member at once, and others without data when it runs', (t) => {
  const slow = {
    erl_call: 'if [ -e "$HOME/asked" ]; then printf true; else touch "$HOME/asked"; exit 1; fi',
  };
  assert.deepEqual(names(callsOf(t, 'start.sh', { programs: slow })), ['epmd', 'rabbitmq-server']);
  assert.deepEqual(names(callsOf(t, 'start.sh', { programs: slow, pod: 'broker-1' })), [
    'epmd',
    'erl_call',
    'sleep',
    'erl_call',
    'rabbitmq-server',
  ]);
});

test('should not wait for the first member where there is data: it may be the one that waits', (t) => {
  const calls = callsOf(t, 'start.sh', { programs: { erl_call: 'exit 1' }, pod: 'broker-2', hasData: true });
  assert.deepEqual(names(calls), ['epmd', 'rabbitmq-server']);
});

test('should make the documented account once', (t) => {
  const made = callsOf(t, 'account.sh', {});
  assert.ok(made.includes('rabbitmqctl add_user plumbline the-canary'));
  assert.ok(made.includes('rabbitmqctl set_user_tags plumbline monitoring'));
  assert.equal(made.at(-1), 'rabbitmqctl set_permissions -p orders plumbline ^$ ^$ ^$');
  const there = `case "$*" in *list_user_permissions*) printf 'plumbline\\t.*\\norders\\t^$\\n' ;; esac`;
  const again = callsOf(t, 'account.sh', { programs: { rabbitmqctl: there } });
  assert.deepEqual(again, ['rabbitmqctl --quiet list_user_permissions plumbline']);
});
