/** A firewall of the machine's own that takes and forwards nothing which it does not know: in nobody's way, and unchanged. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { addressesOf, execInNode, nodeSpec, nodesOf } from '../../env/local/nodes/index.ts';
import { run, runAny } from '../../host/run.ts';
import { serviceTrouble } from '../../env/local/machine/services.ts';
import { INSTANCE, provisioned } from './_helpers/instance.ts';

const TIMEOUT_MS = 10_000;
const [NODE, OTHER] = ['worker-1', 'worker-2'].map((name) => nodeSpec(INSTANCE, name));
const KUBELET_PORT = 10_250;
/** Docker switches it on: what crosses a bridge of the machine then passes its packet filter. */
const BRIDGES_ASK = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const TABLE = 'plumbline_stranger';
/** As ufw's and Docker's, but for our own addresses alone: the machine that tests this may be reached through its network. */
const RULES = `table inet ${TABLE} {
  chain input {
    type filter hook input priority filter; policy accept;
    ip saddr 198.18.0.0/15 ct state new counter drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr 198.18.0.0/15 counter drop
  }
}
`;

const { host, registry } = addressesOf(INSTANCE);
const listener = createServer((socket) => socket.end());
let asked: string | null = null;

before(async () => {
  await provisioned(['postgres']);
  await new Promise<void>((resolve) => listener.listen(0, host, resolve));
  assert.equal(await reaches(host, (listener.address() as AddressInfo).port), true);
  // `env up` has loaded the module.
  asked = readFileSync(BRIDGES_ASK, 'utf8');
  writeFileSync(BRIDGES_ASK, '1');
  await run(['nft', '-f', '-'], { timeoutMs: TIMEOUT_MS, input: RULES });
});
after(async () => {
  listener.close();
  if (asked !== null) writeFileSync(BRIDGES_ASK, asked);
  await runAny(['nft', 'delete', 'table', 'inet', TABLE], { timeoutMs: TIMEOUT_MS });
});

/** Longer than a busy machine needs for a connection, and than TCP waits before it sends a lost packet a second time (1 s). */
const CONNECT_S = 4;

/** Whether a TCP connection from the node comes about within `CONNECT_S`. */
async function reaches(address: string, port: number): Promise<boolean> {
  assert.ok(NODE);
  const connect = ['timeout', String(CONNECT_S), 'bash', '-c', `: </dev/tcp/${address}/${port}`];
  const { code } = await execInNode(NODE, connect, { timeoutMs: TIMEOUT_MS });
  return code === 0;
}

test('the firewall is one that would be in the way: nothing on the machine itself is reached', async () => {
  assert.equal(await reaches(host, (listener.address() as AddressInfo).port), false);
});

test('nodes reach the registry and each other, and everybody reaches Services', async () => {
  const [address = '', port = ''] = registry.split(':');
  assert.equal(await reaches(address, Number(port)), true, 'the registry');
  assert.ok(OTHER);
  assert.equal(await reaches(OTHER.address, KUBELET_PORT), true, 'another node');
  assert.deepEqual(await serviceTrouble(INSTANCE, nodesOf(INSTANCE, 'small')), []);
});

test('no packet of the nodes was dropped but those to the machine itself', async () => {
  const shown = await run(['nft', 'list', 'table', 'inet', TABLE], { timeoutMs: TIMEOUT_MS });
  const forwarded = /chain forward[^}]*counter packets (\d+)/.exec(shown)?.[1];
  assert.equal(forwarded, '0', shown);
});
