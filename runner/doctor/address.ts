import { hostAndPort } from '../../host/http.ts';

export interface Address {
  host: string;
  port: number;
}

/** Where a client of a URL connects to; `address` (`host:port`) in place of the name in it. An IPv6 address has no brackets. */
export function addressOfUrl(url: string, address?: string): Address {
  if (address !== undefined) return hostAndPort(address);
  const { protocol, port } = new URL(url);
  return { host: hostOfUrl(url), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

/** The name in a URL, without the brackets of an IPv6 address. */
export function hostOfUrl(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
