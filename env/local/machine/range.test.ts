import assert from 'node:assert/strict';
import { test } from 'node:test';
import { othersIn } from './range.ts';

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
  assert.deepEqual(othersIn(MACHINE.addresses, MACHINE.routes), []);
  assert.deepEqual(othersIn(MACHINE.addresses + OURS.addresses, MACHINE.routes + OURS.routes), []);
  assert.deepEqual(othersIn('', 'blackhole 198.18.0.0/15 metric 65535'), []);
  assert.deepEqual(othersIn('', 'unreachable 198.18.0.0/15 dev lo metric 1024 '), [], 'of a firewall');
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
  assert.deepEqual(othersIn(addresses, routes), [
    '198.18.0.1/30 on Meta',
    '198.19.7.7/32 on ppp0',
    '198.18.0.0/16 on tun0',
    '198.19.0.0/16',
    '198.18.5.5 on pll',
  ]);
});
