import { BlockList, isIP, isIPv4 } from 'node:net';

/** A proxy that the environment names. */
export interface Proxy {
  /** With the account, where it names one. */
  url: string;
  /** Where it is and which variable names it, without the account: `proxy.example.com:3128 (HTTPS_PROXY)`. */
  text: string;
}

/**
 * The proxy for a URL by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not, as kubectl and every other program in Go reads them
 * (golang.org/x/net/http/httpproxy). Nothing on this machine is asked through one, nor is an environment that Plumbline provisions.
 * @returns null: there is none, or the URL is excepted
 */
export function proxyFor(url: string, env: NodeJS.ProcessEnv = process.env): Proxy | null {
  const { protocol, hostname, port } = new URL(url);
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const [variable = name, value] =
    [name, name.toLowerCase()].map((one) => [one, env[one] ?? '']).find(([, one]) => one !== '') ?? [];
  if (value === undefined) return null;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const excepted = (env['NO_PROXY'] ?? '') || (env['no_proxy'] ?? '');
  const at = { host, port: port || (protocol === 'https:' ? '443' : '80') };
  if (isOwn(host) || excepted.split(',').some((one) => matches(one.trim().toLowerCase(), at))) return null;
  return { url: withScheme(value), text: `${proxyHost(value)} (${variable})` };
}

/** `host:port` of a proxy, without its account. */
export function proxyHost(url: string): string {
  return URL.canParse(withScheme(url)) ? new URL(withScheme(url)).host : 'a proxy whose address is no URL';
}

function withScheme(proxy: string): string {
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

const OWN = new BlockList();
OWN.addSubnet('127.0.0.0', 8);
OWN.addAddress('::1', 'ipv6');
/** The embedded environments (RFC 2544). */
OWN.addSubnet('198.18.0.0', 15);

function isOwn(host: string): boolean {
  return host === 'localhost' || within(OWN, host);
}

/** An entry of NO_PROXY: `*`, an address, a range, a name with all below it, or `.name` with only those below; each with a port or without. */
function matches(entry: string, { host, port }: { host: string; port: string }): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const range = /^(?<address>[\d.a-f:]+)\/(?<bits>\d+)$/.exec(entry)?.groups;
  if (range !== undefined) return within(subnet(range['address'] ?? '', Number(range['bits'])), host);
  const [, name = entry, ofPort] = isIP(entry) > 0 ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  if (ofPort !== undefined && ofPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  if (isIP(host) > 0) return host === bare;
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function subnet(address: string, bits: number): BlockList {
  const list = new BlockList();
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (isIP(address) > 0 && bits <= (family === 'ipv4' ? 32 : 128)) list.addSubnet(address, bits, family);
  return list;
}

function within(list: BlockList, host: string): boolean {
  return isIP(host) > 0 && list.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}
