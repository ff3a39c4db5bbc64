import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, members } from './_testing/context.ts';
import { faultOf } from './index.ts';

test('a partition cuts off every peer and sentinel, the API server only when that is asked for', async () => {
  const sentinel = { name: 'sentinel-0', uid: 's', node: 'worker-1', ip: '198.19.75.9' };
  const plain = context({ otherPeers: [sentinel] });
  await faultOf('partition').inject(plain.ctx);
  assert.deepEqual(
    plain.injector.cuts.map(({ name, address }) => `${name} ${address}`),
    ['pg-0 198.19.74.10', 'pg-2 198.19.74.12', 'sentinel-0 198.19.75.9'],
  );
  const also = context({
    also: ['api'],
    kube: ({ path }) =>
      Promise.resolve({
        status: 200,
        body: path.includes('endpointslices')
          ? { items: [{ endpoints: [{ addresses: ['198.19.0.10'] }], ports: [{ port: 6443 }] }] }
          : { spec: { clusterIPs: ['198.19.128.1'], ports: [{ port: 443 }] } },
      }),
  });
  await faultOf('partition').inject(also.ctx);
  assert.deepEqual(also.injector.cuts.slice(2), [
    { name: 'kubernetes-0', address: '198.19.128.1', ports: [443], behind: ['198.19.0.10'] },
    { name: 'api-server-0', address: '198.19.0.10', ports: [6443] },
  ]);
});

test('a partition cuts off the Services that lead to a peer, or may do so when another member leads', async () => {
  const service = (name: string, address: string, selector: object) => ({
    metadata: { name },
    spec: { clusterIPs: [address], selector },
  });
  const ends = (name: string, ...addresses: string[]) => ({
    metadata: { labels: { 'kubernetes.io/service-name': name } },
    endpoints: addresses.map((address) => ({ addresses: [address] })),
  });
  const services = [
    service('leader', '198.19.128.7', { role: 'leader' }),
    service('announce-0', '198.19.128.8', { pod: 'pg-0' }),
    service('announce-1', '198.19.128.9', { pod: 'pg-1' }),
    service('headless', 'None', { app: 'pg' }),
    service('web', '198.19.128.10', { app: 'web' }),
  ];
  const slices = [
    ends('leader', '198.19.74.11'),
    ends('announce-0', '198.19.74.10'),
    ends('announce-1', '198.19.74.11'),
    ends('headless', '198.19.74.10'),
    ends('web', '198.19.74.99'),
  ];
  const { ctx, injector } = context({
    kube: ({ path }) =>
      Promise.resolve({ status: 200, body: { items: path.endsWith('/services') ? services : slices } }),
  });
  await faultOf('partition').inject(ctx);
  assert.deepEqual(
    injector.cuts.slice(2).map(({ name, address }) => `${name} ${address}`),
    ['leader 198.19.128.7', 'announce-0 198.19.128.8'],
  );
  const unread = context();
  await faultOf('partition').inject(unread.ctx);
  assert.match(JSON.stringify(unread.written[0]), /no Service, since they cannot be read: .* answered 404/);
});

test('a partition cuts off every address of a peer, and none that has the network of its node', async () => {
  const dual = (ip: string, ...more: string[]) => ({ ip, ips: [ip, ...more] });
  const [a, b] = members.map((one, at) => ({ ...one, ...dual(one.ip ?? '', `fd00::${at}`) }));
  const both = context({ members: [a, b].filter((one) => one !== undefined) });
  await faultOf('partition').inject(both.ctx);
  assert.deepEqual(
    both.injector.cuts.map(({ address }) => address),
    ['198.19.74.10', 'fd00::0'],
  );
  const onNode = context({ members: members.map((one) => ({ ...one, hostNetwork: true })) });
  assert.match((await faultOf('partition').inject(onNode.ctx)).proof, /pg-1 uses the network of its node/);
});

test('those who are cut off together stay together; one without peers cannot be cut off', async () => {
  const majority = context({ target: 'majority' });
  await faultOf('partition').inject(majority.ctx);
  assert.equal(majority.injector.cuts.length, 1);
  const alone = context({ members: members.slice(1, 2) });
  assert.match((await faultOf('partition').inject(alone.ctx)).proof, /no peers/);
  const unplaced = context({ members: [...members.slice(0, 2), { name: 'pg-2', uid: 'x', node: null }] });
  assert.match((await faultOf('partition').inject(unplaced.ctx)).proof, /no IP address is known for pg-2/);
});
