import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CHECKOUT } from '../../images/recipes.ts';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';
import { assertIsRestricted, assertKeepsSecrets, assertTakesCertificate } from '../_testing/stores.ts';
import { store } from './index.ts';

const WORDS = ['elasticsearch'];
const CONTEXT = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const OBJECTS = platformObjects(CONTEXT);
const PROXY = fileOf(OBJECTS, 'catalog-data-gate', 'haproxy.cfg');
const settingsOf = (set: string): Record<string, unknown> =>
  parse(fileOf(OBJECTS, `${set}-config`, 'elasticsearch.yml')) as Record<string, unknown>;

test('should run a node and a proxy in each pod of both sets, as a restricted namespace wants them', () => {
  assert.deepEqual(assertIsRestricted(OBJECTS, 'search'), {
    'catalog-master': ['node', 'door'],
    'catalog-data': ['node', 'door'],
  });
});

test('should keep passwords and the key in Secrets alone, and use each that it names', () => {
  assertKeepsSecrets(store, CONTEXT);
});

test('should put the certificate of its own authority into its objects', async (t) => {
  const place = { folder: 'catalog', map: 'catalog-authority', secret: 'catalog-tls' };
  await assertTakesCertificate(t, store, CONTEXT, place);
});

interface Spec {
  readonly replicas: number;
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: {
      readonly containers: readonly {
        readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
      }[];
    };
  };
}
const specOf = (set: string): Spec => named(OBJECTS, 'StatefulSet', set)?.['spec'] as Spec;

test('should have three masters that hold no data, and three nodes that hold nothing else', () => {
  const given = (set: string): unknown[] => {
    const settings = settingsOf(set);
    return ['node.roles', 'cluster.initial_master_nodes'].map((name) => settings[name]);
  };
  const masters = [0, 1, 2].map((at) => `catalog-master-${String(at)}`).join(',');
  assert.deepEqual(given('catalog-master'), ['master', masters]);
  assert.deepEqual(given('catalog-data'), ['data', '']);
  assert.deepEqual([specOf('catalog-master').replicas, specOf('catalog-data').replicas], [3, 3]);
});

test('should lead clients to the nodes with data alone, at an address that environment files name', () => {
  const { clusterIP, selector } = named(OBJECTS, 'Service', 'catalog')?.['spec'] as {
    clusterIP: string;
    selector: Record<string, string>;
  };
  assert.equal(clusterIP, '198.18.128.51');
  assert.deepEqual(specOf('catalog-data').template.metadata.labels, { app: 'catalog', ...selector });
  assert.deepEqual(selector, { tier: 'catalog-data' });
});

test('should keep its data on the claim', () => {
  const { volumeMounts } = specOf('catalog-data').template.spec.containers[0] ?? assert.fail();
  const mount = volumeMounts.find(({ name }) => name === 'data')?.mountPath ?? '';
  assert.deepEqual([settingsOf('catalog-data')['path.data'], mount], ['/srv/search', '/srv/search']);
});

test('should let clients in through the proxy alone, with TLS and a user', () => {
  assert.equal(settingsOf('catalog-data')['http.host'], '127.0.0.1');
  const binds = PROXY.match(/^ {2}bind .*$/gm) ?? [];
  assert.equal(binds.length, 2);
  for (const bind of binds) assert.match(bind, / ssl crt \/etc\/gate-tls\/tls\.crt$/);
  assert.match(PROXY, /http-request auth realm \S+ unless \{ http_auth\(accounts\) \}/);
  for (const [, password = ''] of PROXY.matchAll(/insecure-password (\S+)/g))
    assert.match(password, /^"\$\{[A-Z_]+\}"$/);
});

test('should let the canary write to indices of its own alone, and only look elsewhere', () => {
  const own = new RegExp(/^ {2}acl own path_reg (\S+)$/m.exec(PROXY)?.[1] ?? assert.fail());
  for (const path of ['/plumbline-canary', '/plumbline-canary/_doc', '/plumbline-vectors/_search'])
    assert.match(path, own);
  for (const path of ['/products', '/plumbline-canary,products/_search', '/plumbline-*/_doc', '/_all'])
    assert.doesNotMatch(path, own);
  assert.match(PROXY, /^ {2}http-request deny if canary look !\{ method GET HEAD \}$/m);
});

test('should document the account of the canaries as a script that a shell can read, with a role in JSON', () => {
  const script = readFileSync(join(CHECKOUT, 'deploy/accounts/elasticsearch.sh'), 'utf8');
  execFileSync('sh', ['-n'], { input: script });
  const role = JSON.parse(/<<ROLE\n([\s\S]*?)^ROLE$/m.exec(script)?.[1] ?? '') as { cluster: string[] };
  assert.deepEqual(role.cluster, ['monitor']);
});
