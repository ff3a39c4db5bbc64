/**
 * What stands between this machine, where the checks run, and a store: nftables rules for connections that begin here. The store itself and
 * its other clients notice nothing, and deleting the table takes all of it back.
 */
import { run, runAny } from '../../../host/run.ts';

const TABLE = 'plumbline_between';
const TIMEOUT_MS = 10_000;

/** Packets are dropped, as a NetworkPolicy or a firewall does it: a connection neither opens nor is refused. */
export function drop(addresses: readonly string[]): Promise<void> {
  return rules(`chain output {
    type filter hook output priority filter; policy accept;
    ip daddr { ${addresses.join(', ')} } meta l4proto tcp counter drop
  }`);
}

/** Connections are refused, as they are where nothing listens. */
export function refuse(addresses: readonly string[]): Promise<void> {
  return rules(`chain output {
    type filter hook output priority filter; policy accept;
    ip daddr { ${addresses.join(', ')} } meta l4proto tcp counter reject with tcp reset
  }`);
}

/** Connections lead to a port of this machine instead. */
export function redirect(addresses: readonly string[], port: number): Promise<void> {
  return rules(`chain output {
    type nat hook output priority -100; policy accept;
    ip daddr { ${addresses.join(', ')} } meta l4proto tcp counter redirect to :${port}
  }`);
}

async function rules(chain: string): Promise<void> {
  await clear();
  await run(['nft', '-f', '-'], { timeoutMs: TIMEOUT_MS, input: `table ip ${TABLE} {\n${chain}\n}\n` });
}

/** Takes the rules away; nothing happens where there are none. */
export async function clear(): Promise<void> {
  await runAny(['nft', 'delete', 'table', 'ip', TABLE], { timeoutMs: TIMEOUT_MS });
}
