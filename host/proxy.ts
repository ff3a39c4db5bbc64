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
  const at = targetOf(url);
  const named = firstOf(env, at.isTls ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (named === null || isOwn(at.host)) return null;
  const excepted = firstOf(env, 'NO_PROXY')?.value.split(',') ?? [];
  if (excepted.some((one) => matches(one.trim().toLowerCase(), at))) return null;
  return { url: withScheme(named.value), text: `${proxyHost(named.value)} (${named.variable})` };
}

interface Target {
  host: string;
  port: string;
  isTls: boolean;
}

function targetOf(url: string): Target {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === 'https:';
  return { host: bare(hostname.toLowerCase()), port: port || (isTls ? '443' : '80'), isTls };
}

/** A variable in capitals or not, the first that says something. */
function firstOf(env: NodeJS.ProcessEnv, name: string): { variable: string; value: string } | null {
  for (const variable of [name, name.toLowerCase()]) {
    const value = env[variable];
    if (value !== undefined && value !== '') return { variable, value };
  }
  return null;
}

/** Without the brackets of an IPv6 address. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
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
function matches(entry: string, at: Target): boolean {
  if (entry === '' || entry === '*') return entry === '*';
  const [, address, bits] = /^([\d.a-f:]+)\/(\d+)$/.exec(entry) ?? [];
  if (address !== undefined) return within(subnet(address, Number(bits)), at.host);
  const { name, port } = isIP(entry) > 0 ? { name: entry, port: undefined } : withPort(entry);
  return (port === undefined || port === at.port) && isNamed(name, at.host);
}

function withPort(entry: string): { name: string; port: string | undefined } {
  const [, name = entry, port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  return { name: bare(name), port };
}

function isNamed(name: string, host: string): boolean {
  if (isIP(host) > 0) return host === name;
  const below = name.replace(/^\*?\./, '.');
  return below.startsWith('.') ? host.endsWith(below) : host === below || host.endsWith(`.${below}`);
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
