import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadEnvironment } from '../../../loader.ts';
import { CHECKOUT } from '../../images/recipes.ts';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';
import { imagesFor, platformParts, toolsFor } from '../../platform/parts.ts';
import { assertIsRestricted, assertKeepsSecrets, assertTakesCertificate } from '../_testing/stores.ts';
import { bids } from './index.ts';

const WORDS = ['postgres'];
const CONTEXT = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const OBJECTS = platformObjects(CONTEXT);
const GATEWAY = fileOf(OBJECTS, 'gateway-setup', 'gateway.cfg');

test('should run two pods of the application and two of its gateway, as a restricted namespace wants them', () => {
  assert.deepEqual(assertIsRestricted(OBJECTS, 'bids'), { 'bid-desk': ['desk'], 'bid-gateway': ['gateway'] });
  for (const name of ['bid-desk', 'bid-gateway']) {
    assert.equal((named(OBJECTS, 'Deployment', name)?.['spec'] as { replicas: number }).replicas, 2);
    assert.ok(named(OBJECTS, 'PodDisruptionBudget', name) !== undefined);
  }
});

test('should be scaled by CPU and by a rate of its own pods, which the adapter makes of what it measures', () => {
  const { metrics, maxReplicas } = named(OBJECTS, 'HorizontalPodAutoscaler', 'bid-desk')?.['spec'] as {
    metrics: { type: string; pods?: { metric: { name: string } } }[];
    maxReplicas: number;
  };
  assert.deepEqual(
    metrics.map(({ type }) => type),
    ['Resource', 'Pods'],
  );
  assert.equal(maxReplicas, 3, 'two of its pods share no node');
  const rules = parse(fileOf(OBJECTS, 'prometheus-adapter', 'config.yaml')) as {
    rules: { seriesQuery: string; name: { as: string } }[];
  };
  const [rule] = rules.rules;
  assert.equal(rule?.name.as, metrics[1]?.pods?.metric.name);
  assert.match(rule?.seriesQuery ?? '', /^http_server_requests_seconds_count\{namespace!="",pod!=""\}$/);
  const desk = JSON.stringify(named(OBJECTS, 'Deployment', 'bid-desk'));
  assert.match(desk, /"name":"POD_NAME","valueFrom":\{"fieldRef":\{"fieldPath":"metadata.name"\}\}/);
});

test('should come only with the store that it writes to, and so should its images', () => {
  const parts = (words: string[]): string[] => platformParts('rehearsal', words).map(({ name }) => name);
  assert.ok(parts(['postgres']).indexOf('bids') > parts(['postgres']).indexOf('postgres'));
  assert.ok(!parts(['redis']).includes('bids'));
  const images = (words: string[]): string[] => imagesFor('rehearsal', words).map(({ name }) => name);
  assert.deepEqual(
    ['bid-desk', 'haproxy', 'prometheus-adapter'].filter((name) => !images(['postgres']).includes(name)),
    [],
  );
  assert.ok(!images(['redis']).includes('bid-desk'));
  assert.ok(toolsFor('rehearsal', ['postgres']).includes('adapter'));
  for (const [instance, word] of [
    ['rehearsal', 'redis'],
    ['local', 'postgres'],
  ] as const)
    assert.ok(
      !toolsFor(instance, [word]).includes('adapter'),
      `${instance} with ${word} compiles no adapter`,
    );
});

test('should keep passwords, keys and the key of the certificate in Secrets alone', () => {
  assertKeepsSecrets(bids, CONTEXT);
});

test('should put the certificate of its own authority into its objects', async (t) => {
  const place = { folder: 'bids', map: 'gateway-authority', secret: 'gateway-tls' };
  await assertTakesCertificate(t, bids, CONTEXT, place);
});

test('should let nobody in but through the gateway, and out only to the pooler', () => {
  const policies = OBJECTS.filter(
    ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.namespace === 'bids',
  );
  const rules = (name: string): string =>
    JSON.stringify(policies.find(({ metadata }) => metadata.name === name)?.['spec']);
  assert.equal(policies.length, 3);
  assert.match(rules('default-deny'), /"podSelector":\{\},"policyTypes":\["Ingress","Egress"\]/);
  assert.match(
    rules('bid-desk'),
    /"ingress":\[\{"from":\[\{"podSelector":\{"matchLabels":\{"app":"bid-gateway"\}\}\}\]/,
  );
  assert.match(rules('bid-desk'), /"app":"pg-pooler".*"port":6432/);
});

test('should have a gateway that haproxy can read, where this machine has one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-gateway-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  try {
    execFileSync('haproxy', ['-v']);
  } catch {
    t.skip('no haproxy on this machine');
    return;
  }
  const pem = join(folder, 'tls.crt');
  const subject = ['-subj', '/CN=bids', '-days', '1', '-noenc', '-keyout', `${folder}/tls.key`, '-out', pem];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...subject],
    {
      stdio: 'ignore',
    },
  );
  const config = join(folder, 'gateway.cfg');
  writeFileSync(config, GATEWAY.replaceAll('/etc/gateway-tls', folder));
  execFileSync('haproxy', ['-c', '-q', '-f', config], {
    // A key may begin with a hyphen.
    env: { ...process.env, CANARY_KEY: '-a', GUEST_KEY: '-b', TOKEN_KEY: '-c' },
  });
});

test('should want a key of everybody, and hand none on', () => {
  const frontend = /^frontend clients\n([\s\S]*?)^(?=\S)/m.exec(GATEWAY)?.[1] ?? assert.fail();
  const at = (part: string): number => {
    const found = frontend.indexOf(part);
    return found === -1 ? assert.fail(`no ${part}`) : found;
  };
  assert.ok(at('status 401') < at('track-sc0'));
  for (const header of ['apikey', 'authorization']) assert.ok(at('status 429') < at(`del-header ${header}`));
  assert.match(frontend, /jwt_verify\(HS256,"\$\{TOKEN_KEY\}"\) 1 \} \{ var\(txn\.left_s\) -m int gt 0 \}$/m);
  assert.match(frontend, /bind :8443 ssl crt/);
  const keys = [...frontend.matchAll(/hdr\(apikey\) -m str -- (\S+)/g)].map(([, key]) => key);
  assert.deepEqual(keys, ['"${CANARY_KEY}"', '"${GUEST_KEY}"']);
});

test('should be declared as it is provisioned: address, authority, key, Deployments, hop', async () => {
  const { topology, application } = await loadEnvironment('rehearsal', { with: WORDS });
  const edge = topology.edge ?? assert.fail();
  const { clusterIP, ports } = named(OBJECTS, 'Service', 'bid-gateway')?.['spec'] as {
    clusterIP: string;
    ports: [{ port: number }];
  };
  assert.equal(edge.address, `${clusterIP}:${ports[0].port}`);
  assert.match(JSON.stringify(edge.trust), /\/bids\/ca\.crt"/);
  assert.match(JSON.stringify(application?.credentials), /"apikey":.*\/account\/bids-key"/);
  assert.ok(GATEWAY.includes(`set-header via '1.1 ${edge.hops[0]?.contains ?? ''}'`));
  assert.deepEqual(edge.backend?.deployment, { namespace: 'bids', name: 'bid-desk' });
  const service = readFileSync(join(CHECKOUT, 'env/local/rehearsal/bids/service/desk.ts'), 'utf8');
  assert.ok(service.includes(`const BASE = '${new URL(edge.url).pathname}/drafts'`));
});
