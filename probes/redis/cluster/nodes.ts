import { textOf } from '../connection.ts';
import type { RedisAddress } from '../connection.ts';
import { tagIn } from './slots.ts';
import type { SlotRange } from './slots.ts';

/** A node as a node of the cluster lists it (CLUSTER NODES). */
export interface ClusterNode {
  id: string;
  address: RedisAddress;
  flags: readonly string[];
  /** Whom a replica follows. */
  masterId: string | null;
  /** Grows when slots change hands: of two masters of one slot, the one with the higher is right. */
  epoch: number;
  slots: readonly SlotRange[];
}

/** The answer to CLUSTER NODES. @param asked a node that has not met others yet does not know its own address */
export function nodesIn(reply: unknown, asked: RedisAddress): ClusterNode[] {
  return String(reply)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => nodeIn(line, asked));
}

function nodeIn(line: string, asked: RedisAddress): ClusterNode {
  const [id = '', address = '', flags = '', master = '-', , , epoch = '0', , ...slots] = line.split(' ');
  return {
    id,
    address: addressIn(address, asked),
    flags: flags.split(','),
    masterId: master === '-' ? null : master,
    epoch: Number(epoch),
    slots: slots.flatMap(rangeIn),
  };
}

/** `198.18.0.1:6379@16379,name`; without a host it is the machine that was asked. */
function addressIn(text: string, asked: RedisAddress): RedisAddress {
  const [, host = '', port = '0'] = /^([^,]*):(\d+)/.exec(text) ?? [];
  return { host: host === '' ? asked.host : host, port: Number(port) };
}

/** `5` or `0-5460`; `[…]` is a slot that is being moved, and belongs to who lists it without. */
function rangeIn(text: string): SlotRange[] {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return from === undefined ? [] : [[Number(from), Number(to)]];
}

export function isMaster({ flags, slots }: ClusterNode): boolean {
  return flags.includes('master') && slots.length > 0;
}

/** The lowest slot: what a shard is called and sorted by. */
export function firstSlot(slots: readonly SlotRange[]): number {
  return Math.min(...slots.map(([from]) => from));
}

/** Where the keys of a shard are, as one node sees it. */
export interface ShardAddress {
  /** The hash tag of the canary's key in this shard. */
  tag: string;
  master: RedisAddress;
  /** That of its master. */
  epoch: number;
}

/** Every shard in the order of its slots. */
export function shardsOf(nodes: readonly ClusterNode[]): ShardAddress[] {
  return nodes
    .filter(isMaster)
    .toSorted((a, b) => firstSlot(a.slots) - firstSlot(b.slots))
    .map(({ slots, address, epoch }) => ({ tag: tagIn(slots), master: address, epoch }));
}

/** `MOVED 3999 198.18.0.1:6381`, `ASK …`: where the slot is served. Null for any other reply; without a host it is the same machine. */
export function redirectIn(
  reply: unknown,
  asked: RedisAddress,
): { asking: boolean; at: RedisAddress } | null {
  if (!(reply instanceof Error)) return null;
  const [, word, at = ''] = /^(MOVED|ASK) \d+ (.*:\d+)$/.exec(reply.message) ?? [];
  return word === undefined ? null : { asking: word === 'ASK', at: addressIn(at, asked) };
}

export function sameAddress(one: RedisAddress, other: RedisAddress): boolean {
  return textOf(one) === textOf(other);
}
