import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLUSTER_GROUPS, GROUPS, groupsFor, linkerFlags, moduleVersion, programOf } from './groups.ts';
import { linkNames, toolVersions, toolchainKey, toolsBuilt } from './index.ts';
import { stubMachine } from '../_testing/machine.ts';
import { emptyFolderIn } from '../../../host/_testing/variable.ts';

const GO_MOD = `module x

tool example.com/a/cmd/a

require (
	example.com/a v1.2.3
	example.com/a/b v9.9.9 // indirect
)

require example.com/single v0.1.0

replace (
	example.com/a/b => example.com/fork/b v2.0.0
)
`;

test('a module has the version of its require line, a replaced one that of its replacement', () => {
  assert.equal(moduleVersion(GO_MOD, 'example.com/a'), 'v1.2.3');
  assert.equal(moduleVersion(GO_MOD, 'example.com/single'), 'v0.1.0');
  assert.equal(moduleVersion(GO_MOD, 'example.com/a/b'), 'v2.0.0');
  assert.throws(() => moduleVersion(GO_MOD, 'example.com/c'), /names no version of example.com\/c/);
});

test('a dot in a module path is not a wildcard', () => {
  assert.throws(() => moduleVersion('require exampleXcom/a v1.0.0\n', 'example.com/a'), /names no version/);
});

test('programs are named as Go names them', () => {
  const [cluster] = GROUPS;
  assert.ok(cluster);
  assert.equal(programOf(cluster, 'go.etcd.io/etcd/server/v3'), 'etcd');
  assert.equal(programOf(cluster, 'go.etcd.io/etcd/etcdctl/v3'), 'etcdctl');
  assert.equal(programOf(cluster, './coredns'), 'coredns');
});

test('no two groups build a program of the same name', () => {
  const names = GROUPS.flatMap((group) => [
    ...group.packages.map((path) => programOf(group, path)),
    ...Object.values(group.names ?? {}).flat(),
  ]);
  assert.equal(new Set(names).size, names.length);
});

test('a program adds the group that makes it, and the cluster comes first', () => {
  assert.deepEqual(groupsFor([]), CLUSTER_GROUPS);
  assert.deepEqual(groupsFor(['etcd', 'kubectl', 'busybox']), CLUSTER_GROUPS);
  assert.deepEqual(groupsFor(['jaeger', 'device-plugin']), [...CLUSTER_GROUPS, 'tracing', 'gpu']);
  assert.deepEqual(groupsFor(['prometheus-adapter']), [...CLUSTER_GROUPS, 'adapter'], 'by its final name');
});

test('a program is linked under each of its names, and existing files stay', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-names-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  linkNames(folder);
  assert.deepEqual(readdirSync(folder), [], 'a name without its program would look like a program');
  writeFileSync(join(folder, 'kubernetes'), 'all of them');
  writeFileSync(join(folder, 'kubectl'), 'another one');
  linkNames(folder);
  linkNames(folder);
  assert.equal(readFileSync(join(folder, 'kubelet'), 'utf8'), 'all of them');
  assert.equal(readlinkSync(join(folder, 'kubelet')), 'kubernetes');
  assert.equal(readFileSync(join(folder, 'kubectl'), 'utf8'), 'another one');
});

test('the linker gets the version, without which kubeadm refuses to work', () => {
  const [cluster] = GROUPS;
  assert.ok(cluster);
  const flags = linkerFlags(
    cluster,
    'require k8s.io/kubernetes v1.2.3\nrequire github.com/containerd/containerd/v2 v2.0.0\n',
  );
  assert.match(flags, /-X k8s\.io\/component-base\/version\.gitVersion=v1\.2\.3/);
});

test('with unchanged files the key changes only with the Go version', () => {
  assert.equal(toolchainKey('go1.26.8'), toolchainKey('go1.26.8'));
  assert.notEqual(toolchainKey('go1.26.8'), toolchainKey('go1.26.9'));
});

test('the versions of the committed module files can be read', () => {
  for (const version of Object.values(toolVersions())) assert.match(version, /^v\d+\.\d+\.\d+/);
});

test('an empty file in the place of a program, as a power loss leaves it, counts as not built', async (context) => {
  const cache = emptyFolderIn(context, 'PLUMBLINE_CACHE');
  const { stub, remove } = stubMachine();
  context.after(remove);
  stub('go', 'echo go1.26.8');
  const folder = join(cache, 'toolchain', toolchainKey('go1.26.8'));
  mkdirSync(folder, { recursive: true });
  assert.equal(await toolsBuilt(['runc']), false);
  writeFileSync(join(folder, 'runc'), '');
  assert.equal(await toolsBuilt(['runc']), false);
  writeFileSync(join(folder, 'runc'), 'a program');
  assert.equal(await toolsBuilt(['runc']), true);
});
