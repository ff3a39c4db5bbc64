import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INSTANCES, addressesOf, isInstanceName, nodeSpec, nodesOf, sharingBlock } from './addressing.ts';

test('no address or pod range is used twice in instances that can exist at the same time, and no link at all', () => {
  const pairs = INSTANCES.flatMap((one, at) => INSTANCES.slice(at + 1).map((other) => [one, other] as const));
  for (const [one, other] of pairs) {
    const nodes = [...nodesOf(one, 'full'), ...nodesOf(other, 'full')];
    const ranges = sharingBlock(one).includes(other) ? [] : (['address', 'podCidr'] as const);
    for (const pick of [...ranges, 'link', 'netns'] as const)
      assert.equal(new Set(nodes.map((node) => node[pick])).size, nodes.length, `${one}, ${other}: ${pick}`);
  }
});

test('the rehearsal has the addresses of local, and those two alone share any', () => {
  assert.deepEqual(
    INSTANCES.map((instance) => sharingBlock(instance)),
    [['rehearsal'], [], ['local']],
  );
  assert.equal(nodeSpec('rehearsal', 'worker-1').address, nodeSpec('local', 'worker-1').address);
});

test('every instance is known by its name, and nothing else is', () => {
  for (const instance of INSTANCES) assert.ok(isInstanceName(instance));
  assert.ok(!isInstanceName('staging'));
});

test('link names fit the 15 characters that Linux allows', () => {
  for (const instance of INSTANCES) {
    const names = nodesOf(instance, 'full').map((node) => node.link);
    const { bridge, loadBalancerLink } = addressesOf(instance);
    for (const link of [...names, bridge, loadBalancerLink]) assert.ok(link.length <= 15, link);
  }
});

test('pod ranges stay within the pod block and away from nodes and services', () => {
  for (const node of nodesOf('local', 'full')) {
    const third = Number(node.podCidr.split('.')[2]);
    assert.ok(third >= 64 && third < 128, node.podCidr);
  }
  assert.equal(nodeSpec('local', 'control-1').podCidr, '198.18.64.0/24');
  assert.equal(nodeSpec('local-small', 'gpu-1').podCidr, '198.19.84.0/24');
});

test('an unknown node name is refused with the names that exist', () => {
  assert.throws(() => nodeSpec('local', 'worker-9'), /no node "worker-9" .*worker-1/);
});
