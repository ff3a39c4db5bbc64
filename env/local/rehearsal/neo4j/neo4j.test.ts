import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';
import { assertIsRestricted, assertKeepsSecrets, assertTakesCertificate, podOf } from '../_testing/stores.ts';
import { store } from './index.ts';

const WORDS = ['neo4j'];
const CONTEXT = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const OBJECTS = platformObjects(CONTEXT);
const file = (name: string): string => fileOf(OBJECTS, 'atlas-config', name);

test('should run one server in one pod, as a restricted namespace wants it', () => {
  assert.deepEqual(assertIsRestricted(OBJECTS, 'graphs'), { atlas: ['graph'] });
  const { replicas } = named(OBJECTS, 'StatefulSet', 'atlas')?.['spec'] as { replicas: number };
  assert.equal(replicas, 1, 'the Community edition has no clustering');
});

test('should keep passwords and the key in Secrets alone, and use each that it names', () => {
  assertKeepsSecrets(store, CONTEXT);
});

test('should put the certificate of its own authority into its objects', async (t) => {
  const place = { folder: 'atlas', map: 'atlas-authority', secret: 'atlas-tls' };
  await assertTakesCertificate(t, store, CONTEXT, place);
});

test('should listen with TLS alone, and be reached at an address that environment files name', () => {
  const conf = file('neo4j.conf');
  assert.match(conf, /^server\.bolt\.tls_level=REQUIRED$/m);
  assert.match(conf, /^dbms\.ssl\.policy\.bolt\.enabled=true$/m);
  assert.match(conf, /^server\.http\.enabled=false$/m);
  const { clusterIP, ports } = named(OBJECTS, 'Service', 'atlas')?.['spec'] as {
    clusterIP: string;
    ports: { port: number }[];
  };
  assert.equal(clusterIP, '198.18.128.76');
  assert.deepEqual(
    ports.map(({ port }) => port),
    [7687],
  );
});

test('should be probed by a name that its certificate holds: the server refuses any other', () => {
  const { containers } = podOf(named(OBJECTS, 'StatefulSet', 'atlas') ?? assert.fail());
  const { readinessProbe, livenessProbe } = containers[0] ?? assert.fail();
  for (const probe of [readinessProbe, livenessProbe])
    assert.match(JSON.stringify(probe), /"HTTPS".*"Host","value":"atlas\.graphs\.svc\.cluster\.local"/);
});

test('should let nothing in but clients, and nothing out', () => {
  const denied = named(OBJECTS, 'NetworkPolicy', 'default-deny');
  assert.deepEqual(denied?.['spec'], { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  const { ingress } = named(OBJECTS, 'NetworkPolicy', 'atlas')?.['spec'] as { ingress: object[] };
  assert.deepEqual(ingress, [{ ports: [{ port: 7687 }] }]);
});

interface Place {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  readonly at: (name: string) => string;
}

/** The scripts of the pod in a folder of their own, with this program in place of the server. */
function placeWith(t: TestContext, java: string): Place {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-atlas-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  for (const name of ['bin', 'data']) mkdirSync(at(name));
  writeFileSync(at('bin/java'), `#!/bin/sh\n${java}\n`);
  chmodSync(at('bin/java'), 0o755);
  writeFileSync(at('auth.ini'), 'of the owner');
  const here = (name: string): string =>
    file(name)
      .replaceAll('/run/neo4j-auth', folder)
      .replaceAll('/etc/neo4j', folder)
      .replaceAll('/srv/atlas', at('data'))
      .replaceAll('/tmp/neo4j', at('home'));
  writeFileSync(at('start.sh'), here('start.sh'));
  return {
    script: here('launch.sh'),
    env: { PATH: `${at('bin')}:${process.env['PATH'] ?? ''}`, HERE: folder },
    at,
  };
}

test('should set the first password only where there are no users yet', (t) => {
  const { script, env, at } = placeWith(t, 'exit 0');
  const start = (): void => void execFileSync('sh', ['-c', script], { env, timeout: 20_000 });
  start();
  assert.equal(readFileSync(at('data/dbms/auth.ini'), 'utf8'), 'of the owner');
  writeFileSync(at('auth.ini'), 'another');
  start();
  assert.equal(readFileSync(at('data/dbms/auth.ini'), 'utf8'), 'of the owner');
});

test('should not decrypt the key by thousands of rounds for each connection', () => {
  assert.match(file('start.sh'), /-Dkeystore\.pkcs12\.keyPbeIterationCount=1 /);
});

test('should end with the code of the server', (t) => {
  const { script, env } = placeWith(t, 'exit 3');
  assert.throws(() => execFileSync('sh', ['-c', script], { env, timeout: 20_000 }), { status: 3 });
});

test('should hand on the signal to stop, and wait for the server', async (t) => {
  const java = [
    `trap 'touch "$HERE/asked"; wait "$first"; touch "$HERE/stopped"; exit 0' TERM`,
    'sh -c \'until [ -e "$HERE/asked" ]; do sleep 0.05; done; sleep 0.2\' & first=$!',
    'echo runs',
    'wait',
  ].join('\n');
  const { script, env, at } = placeWith(t, java);
  const pod = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(pod, 'exit');
  await once(pod.stdout, 'data');
  pod.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.ok(existsSync(at('stopped')));
});

test('should make an account for the canaries by the documented statement alone', () => {
  const statement = readFileSync(
    join(import.meta.dirname, '../../../../deploy/accounts/neo4j.cypher'),
    'utf8',
  )
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'));
  assert.deepEqual(statement, [
    'CREATE USER plumbline IF NOT EXISTS SET PLAINTEXT PASSWORD $password CHANGE NOT REQUIRED;',
  ]);
});
