import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contextWith, fileOf, imageSet, named } from '../platform/_testing/platform.ts';
import { platformFingerprint, platformObjects } from '../platform/index.ts';
import type { KubeObject } from '../platform/objects.ts';
import { imagesFor, platformParts, sizesOf } from '../platform/parts.ts';
import { podOf } from './_testing/stores.ts';
import { store as postgres } from './postgres/index.ts';

const WORDS = ['postgres'];
const context = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const objects = platformObjects(context);

const inDatabases = objects.filter(({ metadata }) => metadata.namespace === 'databases');
const workloads = inDatabases.filter(({ kind }) => ['StatefulSet', 'Deployment'].includes(kind));

test('should fill every placeholder and name every object once', () => {
  assert.doesNotMatch(JSON.stringify(objects), /\{\{|undefined/);
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
  assert.deepEqual(names, [...new Set(names)]);
});

test('should have nothing that is named or labelled like a thing of the reference platform', () => {
  const own = platformObjects(contextWith(WORDS, 'local-small'));
  const cluster = /^(?:local-path-provisioner|metrics-server|v1beta1\.metrics\.k8s\.io)$/;
  const namesOf = (some: readonly KubeObject[]): string[] =>
    some.map(({ metadata }) => metadata.name).filter((name) => !cluster.test(name));
  const theirs = new Set(namesOf(own));
  assert.deepEqual(
    namesOf(objects).filter((name) => theirs.has(name)),
    [],
  );
  assert.doesNotMatch(
    JSON.stringify(inDatabases),
    /tender|patroni|app\.kubernetes\.io|plumbline-(?:env|local)|postgres-(?:primary|replica|credentials)/,
  );
  assert.ok(named(objects, 'StorageClass', 'fast-local') !== undefined);
  assert.ok(named(objects, 'StorageClass', 'plumbline-local') === undefined);
});

test('should keep what pods of a restricted namespace must keep', () => {
  const { metadata } = named(objects, 'Namespace', 'databases') ?? assert.fail();
  assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
  for (const workload of workloads) {
    const { securityContext, containers } = podOf(workload);
    assert.deepEqual(
      [securityContext.runAsNonRoot, securityContext.seccompProfile.type],
      [true, 'RuntimeDefault'],
    );
    for (const { image, resources, securityContext: rights, name } of containers) {
      assert.deepEqual([rights.allowPrivilegeEscalation, rights.capabilities.drop], [false, ['ALL']], name);
      assert.match(image, /^registry\.plumbline\.test:5000\/[^:]+:[^:@]+@sha256:[0-9a-f]{64}$/);
      for (const amounts of [resources.requests, resources.limits])
        assert.deepEqual(Object.keys(amounts).sort(), ['cpu', 'memory'], name);
    }
  }
});

test('should have three members of one pod with a sidecar each, on different nodes', () => {
  const members = workloads.filter(({ kind }) => kind === 'StatefulSet');
  assert.deepEqual(
    members.map(({ metadata }) => metadata.name),
    ['pg-a', 'pg-b', 'pg-c'],
  );
  for (const member of members) {
    assert.equal((member['spec'] as { replicas: number }).replicas, 1);
    const { containers, affinity } = podOf(member);
    assert.deepEqual(
      containers.map(({ name }) => name),
      ['server', 'heartbeat'],
    );
    assert.match(JSON.stringify(affinity.podAntiAffinity), /"app":"pg"/);
  }
});

test('should keep passwords and the key in Secrets alone, and use each that it names', () => {
  const passwords = Object.fromEntries(postgres.passwords.map((name) => [name, `password ${name}.`]));
  const all = postgres.objects(context, passwords);
  const texts = (secret: boolean): string =>
    JSON.stringify(all.filter(({ kind }) => (kind === 'Secret') === secret));
  for (const password of Object.values(passwords)) {
    assert.ok(texts(true).includes(password), password);
    assert.ok(!texts(false).includes(password), password);
  }
});

test('should put the certificate of its own authority into its objects, and the key into a Secret', async (test) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'plumbline-rehearsal-'));
  test.after(() => rm(stateDir, { recursive: true }));
  const here = { ...context, stateDir };
  const before = platformFingerprint(here);
  await postgres.prepare?.(here);
  const made = platformObjects(here);
  assert.match(fileOf(made, 'pg-authority', 'ca.crt'), /^-----BEGIN CERTIFICATE-----/);
  assert.match(fileOf(made, 'pg-tls', 'tls.crt'), /^-----BEGIN CERTIFICATE-----/);
  assert.match(fileOf(made, 'pg-tls', 'tls.key'), /^-----BEGIN PRIVATE KEY-----/);
  assert.doesNotMatch(JSON.stringify(made.filter(({ kind }) => kind !== 'Secret')), /PRIVATE KEY/);
  assert.notEqual(platformFingerprint(here), before);
  await postgres.prepare?.(here);
  assert.deepEqual(platformObjects(here), made, 'the certificate is kept');
});

test('should acknowledge nothing that only one member has', () => {
  const settings = fileOf(objects, 'pg-setup', 'postgresql.conf');
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit', 'wal_log_hints', 'ssl'])
    assert.match(settings, new RegExp(`^${name} = on$`, 'm'));
  assert.match(settings, /^synchronous_standby_names = 'ANY 1 \(pg_a, pg_b, pg_c\)'/m);
  const nodes = workloads.flatMap((one) => JSON.stringify(one).match(/pg_[abc]/g) ?? []);
  assert.deepEqual(nodes, ['pg_a', 'pg_b', 'pg_c']);
});

test('should let nobody in from another host without TLS and a password', () => {
  const rules = fileOf(objects, 'pg-setup', 'pg_hba.conf')
    .split('\n')
    .filter((line) => /^[^#]/.test(line));
  for (const rule of rules) assert.match(rule, /^local .* peer$|^hostssl .* scram-sha-256$/);
  const pooler = fileOf(objects, 'pg-pooler', 'pgbouncer.ini');
  assert.match(pooler, /^client_tls_sslmode = require$/m);
  assert.match(pooler, /^server_tls_sslmode = verify-ca$/m);
});

test('should run the accounts of the canaries as they are documented', () => {
  assert.match(
    fileOf(objects, 'pg-setup', 'plumbline.sql'),
    /CREATE ROLE plumbline LOGIN CONNECTION LIMIT 80/,
  );
  assert.match(
    fileOf(objects, 'pg-setup', 'plumbline-repmgr.sql'),
    /GRANT USAGE ON SCHEMA repmgr TO plumbline/,
  );
});

test('should register a node of others that nobody runs, where no pod of the cluster itself goes', () => {
  const { metadata, spec } = named(objects, 'Node', 'burst-2') ?? assert.fail();
  assert.deepEqual(metadata.labels, { 'nodes.example/pool': 'burst' });
  assert.equal(spec, undefined, 'its taints are those of the node controller');
});

test('should build no image that only the reference platform needs, and know none of its parts', () => {
  const names = imagesFor('rehearsal', WORDS).map(({ name }) => name);
  for (const name of ['postgres', 'jaeger', 'tender-api', 'traefik']) assert.ok(!names.includes(name), name);
  for (const name of ['pg-repmgr', 'pgbouncer', 'busybox', 'metrics-server', 'prometheus'])
    assert.ok(names.includes(name), name);
  assert.throws(
    () => platformParts('rehearsal', ['ai']),
    /no store or part of rehearsal is called "ai"; there are postgres/,
  );
  assert.throws(() => platformParts('rehearsal', ['telemetry']), /telemetry needs postgres as well/);
  assert.deepEqual(sizesOf('rehearsal'), ['small']);
});
