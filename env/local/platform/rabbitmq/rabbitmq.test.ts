import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALL, fileOf, named, objectsWith } from '../_testing/platform.ts';

const OBJECTS = objectsWith(['rabbitmq']);
const file = (name: string): string => fileOf(OBJECTS, 'rabbitmq-config', name);
const RABBITMQ_CONF = file('rabbitmq.conf');
const START = file('start.sh');
const ALIVE = file('alive.sh');

test('should find its peers through Kubernetes and miss a silent one after net_ticktime', () => {
  assert.match(RABBITMQ_CONF, /^cluster_formation\.peer_discovery_backend = k8s$/m);
  assert.match(file('enabled_plugins'), /rabbitmq_peer_discovery_k8s/);
  assert.match(RABBITMQ_CONF, /^net_ticktime = 16$/m);
});

test('should start the side again that was left behind, so that a member that was frozen comes back by itself', () => {
  assert.match(RABBITMQ_CONF, /^cluster_partition_handling = autoheal$/m);
});

test('should make the queues of one connection on one node, so that one fault hits the leaders of all', () => {
  assert.doesNotMatch(RABBITMQ_CONF, /queue_(master|leader)_locator/);
});

test('should have no guest, and give each account its own virtual host', () => {
  const made = JSON.parse(fileOf(OBJECTS, 'rabbitmq-credentials', 'definitions.json')) as {
    users: { name: string; tags: string }[];
    permissions: { user: string; vhost: string; write: string }[];
  };
  assert.deepEqual(
    made.users.map(({ name }) => name),
    ['admin', 'tender', 'plumbline'],
  );
  const writes = (user: string): string[] =>
    made.permissions.filter((one) => one.user === user && one.write === '.*').map(({ vhost }) => vhost);
  assert.deepEqual([writes('tender'), writes('plumbline')], [['tender'], ['plumbline']]);
});

test('should hold no password outside of the Secret', () => {
  const plain = RABBITMQ_CONF + START + JSON.stringify(named(OBJECTS, 'StatefulSet', 'rabbitmq'));
  assert.doesNotMatch(plain, /default_pass|setcookie|placeholder/);
});

test('should replace the cookie that the container before it left, which may not be written', () => {
  assert.match(START, /cp -f \S+\/cookie "\$HOME\/\.erlang\.cookie"/);
});

/** What the probe makes of Erlang's answers about peers and virtual hosts: its exit status, and what Erlang was told to do. */
function aliveWith(answer: string, status: number, vhosts = '[]'): number | null {
  return probed(answer, status, vhosts).status;
}

function probed(answer: string, status: number, vhosts: string): { status: number | null; told: string } {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-alive-'));
  try {
    const tool = join(folder, 'erl_call');
    const told = join(folder, 'told');
    writeFileSync(
      tool,
      `#!/bin/sh\ncase "$*" in *partitions*) cat <<'END'\n${answer}\nEND\nexit ${status};; *-e) cat >'${told}';; *) echo '${vhosts}';; esac\n`,
    );
    chmodSync(tool, 0o755);
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, RABBITMQ_NODENAME: 'rabbit@one' };
    const { status: ended } = spawnSync('sh', ['-c', ALIVE], { env });
    return { status: ended, told: existsSync(told) ? readFileSync(told, 'utf8') : '' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('should start a member again that takes a peer for cut off, does not run or does not answer, and no other', () => {
  assert.equal(aliveWith('[]', 0), 0);
  assert.equal(aliveWith("{badrpc, {'EXIT', {noproc, {gen_server, call, [rabbit_node_monitor]}}}}", 0), 1);
  assert.equal(aliveWith("['rabbit@two']", 0), 1);
  assert.equal(aliveWith('', 14), 14);
});

test('should start virtual hosts that are down on a member, and call it well only once they are up', () => {
  const { status, told } = probed('[]', 0, '[<<"tender">>]');
  assert.equal(status, 1);
  assert.match(told, /init_vhost\(V\) \|\| V <- rabbit_vhost_sup_sup:check\(\)/);
  assert.deepEqual(probed('[]', 0, '[]'), { status: 0, told: '' });
});

test('should tell its metrics only where they are asked for', () => {
  assert.doesNotMatch(file('enabled_plugins'), /prometheus/);
  assert.equal(
    fileOf(objectsWith(ALL), 'rabbitmq-config', 'enabled_plugins'),
    '[rabbitmq_management,rabbitmq_peer_discovery_k8s,rabbitmq_prometheus].\n',
  );
});
