import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** How long an address is kept, ms: k6's default of `dns.ttl` is 5 minutes. */
const KEPT_MS = 5 * 60_000;

interface Address {
  address: string;
  port: number;
}

/** Resolves host names: first by the given addresses (k6's `hosts`), then by the system's resolver, with a cache. */
export class Names {
  readonly #fixed: Readonly<Record<string, string>>;
  readonly #kept = new Map<string, { addresses: readonly string[]; untilMs: number; next: number }>();

  /** @param fixed address, with or without port, by host or `host:port` */
  constructor(fixed: Readonly<Record<string, string>>) {
    this.#fixed = fixed;
  }

  /** The address for a host and port, if it is known without a lookup; else null. */
  known(host: string, port: number): Address | null {
    const given = this.#given(host, port);
    if (given !== undefined) return splitAddress(given, port);
    return isIP(host) > 0 ? { address: host, port } : this.#cached(host, port);
  }

  /** @throws the error of the system's resolver */
  async resolve(host: string, port: number): Promise<Address> {
    const found = await lookup(host, { all: true });
    // k6 prefers IPv4 ("dns.policy", preferIPv4).
    const four = found.filter(({ family }) => family === 4);
    const addresses = (four.length > 0 ? four : found).map(({ address }) => address);
    this.#kept.set(host, { addresses, untilMs: performance.now() + KEPT_MS, next: 0 });
    return { address: addresses[0] ?? host, port };
  }

  #given(host: string, port: number): string | undefined {
    return this.#fixed[`${host}:${port}`] ?? this.#fixed[host];
  }

  #cached(host: string, port: number): Address | null {
    const kept = this.#kept.get(host);
    if (kept === undefined || kept.untilMs < performance.now()) return null;
    const address = kept.addresses[kept.next++ % kept.addresses.length];
    return address === undefined ? null : { address, port };
  }
}

/** `198.18.0.2`, `198.18.0.2:8443`, `2001:db8::1`, `[2001:db8::1]:8443`. */
function splitAddress(text: string, port: number): Address {
  if (isIP(text) > 0) return { address: text, port };
  const match = /^\[?(.*?)\]?:(\d+)$/.exec(text);
  return match === null ? { address: text, port } : { address: match[1] ?? text, port: Number(match[2]) };
}
