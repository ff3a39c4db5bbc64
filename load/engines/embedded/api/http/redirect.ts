import { RequestError } from '../../http/errors.ts';
import { resolveGoUrl, textOfUrl } from '../../http/go-url.ts';
import type { GoUrl } from '../../http/go-url.ts';
import { valuesOf } from '../../http/head.ts';
import type { Head } from '../../http/head.ts';
import { targetAt } from '../../http/target.ts';
import type { Target } from '../../http/target.ts';
import { refusedBecause } from './request.ts';
import type { Outgoing } from './request.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Headers that are not sent to another host. */
const SECRET = new Set([
  'Authorization',
  'Www-Authenticate',
  'Cookie2',
  'Proxy-Authorization',
  'Proxy-Authenticate',
]);

/** The location that a redirect names; null: the response is not a redirect. */
export function locationOf(head: Head): string | null {
  if (!REDIRECTS.has(head.status)) return null;
  const [location = ''] = valuesOf(head.fields, 'location');
  return location === '' ? null : location;
}

/** Follows a chain of redirects like Go (net/http, Client.do), with cookies like k6. */
export class Redirects {
  readonly #first: Target;
  /** The Referer that the script gave; it is kept. */
  readonly #referer: Outgoing['headers'];
  /** Once a redirect has led to another host, secret headers are dropped for the rest of the chain. */
  #stripped = false;

  constructor(first: Outgoing) {
    this.#first = first.target;
    this.#referer = first.headers.filter(([name]) => name === 'Referer');
  }

  /** @throws RequestError for a location that is not a URL */
  next(before: Outgoing, status: number, location: string): Outgoing {
    const target = targetAt(resolved(before.target.parsed, location));
    // 307 and 308 repeat the request. The others turn it into a GET, except HEAD.
    const repeats = status === 307 || status === 308;
    this.#stripped ||= !isAtOrBelow(target.host, this.#first.host);
    const made = {
      method: repeats || before.method === 'HEAD' ? before.method : 'GET',
      target,
      // The script's Host header applies to the same server only, that is, to a relative location.
      host: isRelative(location) ? before.host : null,
      headers: [...this.#headers(before, repeats), ...this.#refererOf(before.target, target)],
      body: repeats ? before.body : null,
    };
    return { ...made, refused: refusedBecause(made) };
  }

  /** Drops a `Cookie` header: cookies come from the jar and from the parameter `cookies`. */
  #headers({ headers }: Outgoing, repeats: boolean): Outgoing['headers'] {
    return headers.filter(
      ([name]) =>
        name !== 'Cookie' &&
        name !== 'Referer' &&
        !(this.#stripped && SECRET.has(name)) &&
        (repeats || !name.startsWith('Content-')),
    );
  }

  /** The previous URL without user and password; none from https to http. */
  #refererOf(from: Target, to: Target): Outgoing['headers'] {
    if (this.#referer.length > 0) return this.#referer;
    return from.secure && !to.secure ? [] : [['Referer', textOfUrl(from.parsed, null)]];
  }
}

function resolved(from: GoUrl, location: string): GoUrl {
  try {
    return resolveGoUrl(from, location);
  } catch (error) {
    const why = (error as Error).message;
    throw new RequestError(
      1000,
      `failed to parse Location header ${JSON.stringify(location)}: ${why}`,
      error,
    );
  }
}

function isRelative(location: string): boolean {
  return !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(location);
}

function isAtOrBelow(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !host.includes(':'));
}
