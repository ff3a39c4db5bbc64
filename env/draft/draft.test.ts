/** Drafts of whole clusters. TODO, where it stands here, is what a draft says to its user (probes/drafting.ts). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { kindOf } from '../../probes/kubernetes/kinds.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { clusterNamed, large } from './_testing/clusters.ts';
import { draftedOn, listedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import type { DraftOptions } from './index.ts';
import { FURTHER, LISTED } from './listing.ts';
import type { ListedKind } from './listing.ts';

const CHECKOUT = path.join(import.meta.dirname, '..', '..');
const REFERENCE = clusterNamed('reference');

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  verbs: string[];
}

const server = await ListingApiServer.forTests();

const drafted = (objects: readonly Stood[], more?: Partial<DraftOptions>): Promise<Drafted> =>
  draftedOn(server, objects, more);

test('should take only the namespaces that were named, and refuse one that is not there', async () => {
  const { file } = await drafted(REFERENCE, { namespaces: ['edge'] });
  assert.deepEqual(
    file.topology.workloads.map(({ name }) => name),
    ['traefik'],
  );
  await assert.rejects(
    drafted(REFERENCE, { namespaces: ['edgy'] }),
    /no namespace edgy; it has: default, edge, /,
  );
});

test('should read 1,000 nodes and 10,000 pods in at most 60 calls, each a list or a get, and no Secret', async () => {
  const objects = large();
  assert.equal(objects.filter(({ kind }) => kind === 'Pod').length, 10_000);
  const started = performance.now();
  const { file } = await drafted(objects);
  assert.ok(performance.now() - started < 60_000);
  assert.equal(file.topology.workloads.length, 500);
  assert.equal(file.topology.pools.length, 2);
  assert.ok(server.asked.length <= 60, `${server.asked.length} calls`);
  assert.ok(server.asked.every((one) => one.startsWith('GET ') && !/secrets|configmaps|log/.test(one)));
});

test('should count its calls, one of them for what is not installed, and drop environment variables', async () => {
  const listing = await listedOn(server, REFERENCE);
  assert.equal(listing.calls, server.asked.length);
  assert.equal(listing.calls, LISTED.length + 4); // and CronJobs, the pin, the version, and which groups there are
  assert.doesNotMatch(JSON.stringify(listing.objects), /in-plain-text/);
});

/** Rules of a documented role. */
function rulesOf(file: string, role: string): Rule[] {
  const documents = parseAllDocuments(readFileSync(path.join(CHECKOUT, 'deploy', file), 'utf8'));
  const found = documents
    .map((one) => one.toJS() as { kind: string; metadata: { name: string }; rules?: Rule[] })
    .find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === role);
  return found?.rules ?? assert.fail(`no ${role} in deploy/${file}`);
}

function mayList(rules: readonly Rule[], kind: ListedKind): boolean {
  const { apiVersion, plural } = kindOf(kind);
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return rules.some(
    ({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.includes(group ?? '') && resources.includes(plural) && verbs.includes('list'),
  );
}

test('should list only what the documented roles may list, and have them list nothing else', () => {
  const read = rulesOf('rbac.yaml', 'plumbline-read');
  assert.deepEqual(
    LISTED.filter((kind) => !mayList(read, kind)),
    [],
  );
  const further = [rulesOf('rbac.yaml', 'plumbline-operators'), rulesOf('init.yaml', 'plumbline-init')];
  assert.deepEqual(
    FURTHER.map((kind) => further.filter((rules) => mayList(rules, kind)).length),
    FURTHER.map(() => 1),
  );
  const own = rulesOf('init.yaml', 'plumbline-init');
  const granted = own.flatMap(({ resources = [] }) => resources);
  assert.deepEqual(
    granted.sort(),
    FURTHER.filter((kind) => mayList(own, kind))
      .map((kind) => kindOf(kind).plural)
      .sort(),
  );
  assert.deepEqual(new Set(own.flatMap(({ verbs }) => verbs)), new Set(['list']));
});

test('should not say of nodes that could not be listed that there are none', async () => {
  server.forbidden.add('v1/Node');
  try {
    const { text, found } = await drafted(REFERENCE);
    assert.match(text, /# Nodes were not seen: pools and controlPlane are left out\./);
    assert.doesNotMatch(text, /No node of a control plane/);
    assert.match(found[0] ?? '', /^nodes not seen, \d+ workloads in /);
  } finally {
    server.forbidden.clear();
  }
});

test('should say what could not be listed, and draft the rest', async () => {
  server.forbidden.add('v1/PersistentVolume');
  try {
    const { file, text } = await drafted(REFERENCE);
    assert.match(text, /TODO NOT SEEN: v1\/PersistentVolume: forbidden: /);
    assert.equal(file.topology.storage, undefined);
    assert.equal(file.topology.workloads.length, 15);
  } finally {
    server.forbidden.clear();
  }
});
