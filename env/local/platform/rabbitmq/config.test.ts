import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitions, ENABLED_PLUGINS, ENVIRONMENT, RABBITMQ_CONF, START } from './config.ts';

const passwords = { admin: 'secret-a', tender: 'secret-t', plumbline: 'secret-p' };

test('should find its peers through Kubernetes and miss a silent one after net_ticktime', () => {
  assert.match(RABBITMQ_CONF, /^cluster_formation\.peer_discovery_backend = k8s$/m);
  assert.match(ENABLED_PLUGINS, /rabbitmq_peer_discovery_k8s/);
  assert.match(RABBITMQ_CONF, /^net_ticktime = 20$/m);
});

test('should start the side again that was left behind, so that a member that was frozen comes back by itself', () => {
  assert.match(RABBITMQ_CONF, /^cluster_partition_handling = autoheal$/m);
});

test('should make the queues of one connection on one node, so that one fault hits the leaders of all', () => {
  assert.doesNotMatch(RABBITMQ_CONF, /queue_(master|leader)_locator/);
});

test('should have no guest, and give each account its own virtual host', () => {
  const made = JSON.parse(definitions(passwords)) as {
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
  const plain = RABBITMQ_CONF + START + JSON.stringify(ENVIRONMENT);
  assert.doesNotMatch(plain, /default_pass|setcookie|secret-/);
});

test('should replace the cookie that the container before it left, which may not be written', () => {
  assert.match(START, /cp -f \S+\/cookie "\$HOME\/\.erlang\.cookie"/);
});
