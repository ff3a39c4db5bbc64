/** A firewall of the machine's own that takes and forwards nothing which it does not know: in nobody's way, and unchanged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { addressesOf, execInNode, nodeSpec, nodesOf } from '../../env/local/nodes/index.ts';
import { onPath, run, runAny } from '../../host/run.ts';
import { serviceTrouble } from '../../env/local/machine/services.ts';
import { guardedChange } from './_helpers/guarded-change.ts';
import { INSTANCE, provisioned } from './_helpers/instance.ts';

const TIMEOUT_MS = 10_000;
const [NODE, OTHER] = ['worker-1', 'worker-2'].map((name) => nodeSpec(INSTANCE, name));
const KUBELET_PORT = 10_250;
/** Docker switches it on: what crosses a bridge of the machine then passes its packet filter. */
const BRIDGES_ASK = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const TABLE = 'plumbline_stranger';
/** In a comment of the table, so that it is known as long as the table is there. */
const BEFORE = 'bridge-nf-call-iptables before:';
/** As ufw's and Docker's, but for our own addresses alone: the machine that tests this may be reached through its network. */
const rulesOf = (before: string): string => `table inet ${TABLE} {
  chain input {
    type filter hook input priority filter; policy accept;
    ip saddr 198.18.0.0/15 ct state new counter drop comment "${BEFORE} ${before}"
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr 198.18.0.0/15 counter drop
  }
}`;
const changeOf = (before: string): string => `nft -f - <<'END'
${rulesOf(before)}
END
echo 1 >${BRIDGES_ASK}`;
const undoOf = (before: string): string => `echo ${before} >${BRIDGES_ASK}; nft delete table inet ${TABLE}`;

const { host, registry } = addressesOf(INSTANCE);
const listener = createServer((socket) => socket.end());
let undo: (() => Promise<void>) | null = null;

before(async () => {
  await removeLeftover();
  await provisioned(['postgres']);
  await new Promise<void>((resolve) => listener.listen(0, host, resolve));
  await assertReached('the machine, before', host, (listener.address() as AddressInfo).port);
  // `env up` has loaded the module.
  const asked = asksNow();
  undo = await guardedChange(changeOf(asked), undoOf(asked));
});
after(async () => {
  listener.close();
  await undo?.();
});

function asksNow(): string {
  return readFileSync(BRIDGES_ASK, 'utf8').trim();
}

/** The firewall of an earlier run whose guard was killed too. One without the comment does not say what was before: it stays as it is. */
async function removeLeftover(): Promise<void> {
  // `env up` installs it.
  if (!onPath('nft')) return;
  const { code, stdout } = await runAny(['nft', 'list', 'table', 'inet', TABLE], { timeoutMs: TIMEOUT_MS });
  if (code !== 0) return;
  const before = new RegExp(`${BEFORE} (\\d)`).exec(stdout)?.[1] ?? asksNow();
  await run(['sh', '-ec', undoOf(before)], { timeoutMs: TIMEOUT_MS });
}

/** Longer than TCP waits before it sends a lost packet a second time (1 s), and a third (3 s). */
const DROPPED_S = 4;
/** Longer than a machine that stands still for seconds needs for a connection. */
const CONNECT_S = 20;

/** Tries a TCP connection from the node: exit code 0 when it came about, 124 when nothing answered within `seconds`, 1 when it was refused. */
function connect(address: string, port: number, seconds: number): ReturnType<typeof execInNode> {
  assert.ok(NODE);
  const argv = ['timeout', String(seconds), 'bash', '-c', `: </dev/tcp/${address}/${port}`];
  return execInNode(NODE, argv, { timeoutMs: TIMEOUT_MS + seconds * 1000 });
}

async function assertReached(what: string, address: string, port: number): Promise<void> {
  const { code, ...seen } = await connect(address, port, CONNECT_S);
  assert.equal(code, 0, `${what}: ${JSON.stringify(seen)}`);
}

test('the firewall is one that would be in the way: nothing on the machine itself is reached', async () => {
  const { code } = await connect(host, (listener.address() as AddressInfo).port, DROPPED_S);
  assert.equal(code, 124);
});

test('nodes reach the registry and each other, and everybody reaches Services', async () => {
  const [address = '', port = ''] = registry.split(':');
  await assertReached('the registry', address, Number(port));
  assert.ok(OTHER);
  await assertReached('another node', OTHER.address, KUBELET_PORT);
  assert.deepEqual(await serviceTrouble(INSTANCE, nodesOf(INSTANCE, 'small')), []);
});

test('no packet of the nodes was dropped but those to the machine itself', async () => {
  const shown = await run(['nft', 'list', 'table', 'inet', TABLE], { timeoutMs: TIMEOUT_MS });
  const forwarded = /chain forward[^}]*counter packets (\d+)/.exec(shown)?.[1];
  assert.equal(forwarded, '0', shown);
});
