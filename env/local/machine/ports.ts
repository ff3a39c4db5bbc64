import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { commandLine } from '../../../host/process-identity.ts';

/** A listening TCP socket in /proc/net/tcp or tcp6. */
export type Listener = {
  /** Dotted IPv4 address, also for an IPv4-mapped IPv6 one; `*` for every address. */
  readonly address: string;
  readonly port: number;
  /** Inode of the socket, by which it is found among the file descriptors of its process. */
  readonly inode: string;
};

/** A process that holds a port. */
export type Holder = { readonly pid: number; readonly command: string };

const LISTENING = '0A';
const ANY_V4 = '0'.repeat(8);
const ANY_V6 = '0'.repeat(32);
/** Prefix of an IPv4-mapped IPv6 address, in words of 32 bits in host byte order. */
const MAPPED_V4 = '0000000000000000FFFF0000';
/** Reads /proc/net/tcp or tcp6. IPv6 addresses are skipped unless they are IPv4-mapped. */
export function parseListeners(text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [local = '', state, inode] = [fields[1], fields[3], fields[9]];
    const [hex = '', port = ''] = local.split(':');
    const address = addressOf(hex);
    if (state !== LISTENING || address === null || inode === undefined) return [];
    return [{ address, port: parseInt(port, 16), inode }];
  });
}

function addressOf(hex: string): string | null {
  if (hex === ANY_V4 || hex === ANY_V6) return '*';
  const v4 = hex.startsWith(MAPPED_V4) ? hex.slice(MAPPED_V4.length) : hex;
  if (v4.length !== ANY_V4.length) return null;
  return [6, 4, 2, 0].map((at) => parseInt(v4.slice(at, at + 2), 16)).join('.');
}

/** The process that listens on `host:port` or on that port of every address; null if there is none or this process may not see it. */
export function holderOf(address: string): Holder | null {
  const inodes = inodesAt(address, 'self');
  if (inodes.size === 0) return null;
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
  const pid = pids.find((one) => hasSocket(one, inodes));
  return pid === undefined ? null : { pid, command: commandLine(pid) };
}

/** Whether the process `pid` listens on `host:port` in its own network namespace. */
export function holds(pid: number, address: string): boolean {
  return hasSocket(pid, inodesAt(address, pid));
}

/** The process, for a message. */
export function describeHolder(holder: Holder | null): string {
  if (holder === null) return 'another process';
  return `${basename(holder.command.split(' ')[0] ?? '')} (process ${holder.pid})`;
}

function inodesAt(address: string, process: number | 'self'): Set<string> {
  const [host, port] = address.split(':');
  const found = ['tcp', 'tcp6'].flatMap((name) => parseListeners(textOf(`/proc/${process}/net/${name}`)));
  return new Set(
    found
      .filter((one) => (one.address === host || one.address === '*') && one.port === Number(port))
      .map(({ inode }) => inode),
  );
}

/** The text of a file, or nothing: without IPv6 there is no tcp6. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function hasSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false; // the process has ended in the meantime
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // the descriptor was closed in the meantime
  }
}
