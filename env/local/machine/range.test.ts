import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WHOLE_RANGE } from '../nodes/addressing.ts';
import { networksOf, othersIn } from './range.ts';

const MACHINE = {
  addresses: `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
4: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
`,
  routes: `default via 192.0.2.1 dev eth0
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2
local 192.0.2.2 dev eth0 table local proto kernel scope host src 192.0.2.2
198.16.0.0/13 dev wg0 scope link
`,
};
/** What ip shows of three instances, each of them with an address and routes. */
const OURS = {
  addresses: ['pll', 'pls', 'plr']
    .map((link, at) => `${at + 5}: ${link}-host    inet 198.1${at === 1 ? 9 : 8}.0.1/18\n`)
    .join(''),
  routes: `blackhole 198.18.0.0/15 metric 65535
198.19.0.0/18 dev pls-host proto kernel scope link src 198.19.0.1
198.19.64.0/24 via 198.19.0.10 dev pls-host
198.18.128.0/20 via 198.18.0.10 dev pll-host linkdown
198.18.64.0/24 via 198.18.0.10 dev plr-host
local 198.19.0.1 dev pls-host table local proto kernel scope host src 198.19.0.1
broadcast 198.19.63.255 dev pls-host table local proto kernel scope link src 198.19.0.1
`,
};

test('neither the instances of this machine, nor what they leave behind, nor a larger network are in the way', () => {
  const others = (addresses: string, routes: string) => othersIn([WHOLE_RANGE], { addresses, routes });
  assert.deepEqual(others(MACHINE.addresses, MACHINE.routes), []);
  assert.deepEqual(others(MACHINE.addresses + OURS.addresses, MACHINE.routes + OURS.routes), []);
  assert.deepEqual(others('', 'blackhole 198.18.0.0/15 metric 65535'), []);
  assert.deepEqual(others('', 'unreachable 198.18.0.0/15 dev lo metric 1024 '), [], 'of a firewall');
});

test('every other link with an address or a route in the range is named once', () => {
  const addresses = `${OURS.addresses}9: Meta    inet 198.18.0.1/30 brd 198.18.0.3 scope global Meta\\       valid_lft forever
10: ppp0    inet 10.0.0.1 peer 198.19.7.7/32 scope global ppp0\\       valid_lft forever
`;
  const routes = `${OURS.routes}198.18.0.0/30 dev Meta proto kernel scope link src 198.18.0.1
local 198.18.0.1 dev Meta table local proto kernel scope host src 198.18.0.1
198.18.0.0/16 via 172.19.0.2 dev tun0 table 2022
198.19.0.0/16 proto static
\tnexthop via 192.0.2.1 dev eth0 weight 1
198.18.5.5 dev pll scope link
`;
  assert.deepEqual(othersIn([WHOLE_RANGE], { addresses, routes }), [
    '198.18.0.1/30 on Meta',
    '198.19.7.7/32 on ppp0',
    '198.18.0.0/16 on tun0',
    '198.19.0.0/16',
    '198.18.5.5 on pll',
  ]);
});

test('only what has addresses of the instance itself is in its way', () => {
  const addresses = '9: Meta    inet 198.18.0.1/30 brd 198.18.0.3 scope global Meta\n';
  const routes = `198.18.200.0/24 dev unused scope link
198.18.130.7 dev service scope link
198.18.0.0/17 dev larger scope link
198.19.64.0/30 dev pods scope link
198.19.128.0/17 dev services scope link
198.19.144.0/20 dev unused2 scope link
`;
  const inTheWayOf = (instance: 'local' | 'local-small') =>
    othersIn(networksOf(instance), { addresses, routes });
  const ofLocal = ['198.18.0.1/30 on Meta', '198.18.130.7 on service', '198.18.0.0/17 on larger'];
  assert.deepEqual(inTheWayOf('local'), ofLocal);
  assert.deepEqual(inTheWayOf('local-small'), ['198.19.64.0/30 on pods', '198.19.128.0/17 on services']);
  const all = othersIn(networksOf('local'), { addresses: '', routes: '198.18.0.0/15 dev tun0 scope link\n' });
  assert.deepEqual(all, ['198.18.0.0/15 on tun0']);
});
