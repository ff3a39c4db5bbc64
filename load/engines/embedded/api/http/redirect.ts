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
/** What no other host is told. */
const SECRET = new Set([
  'Authorization',
  'Www-Authenticate',
  'Cookie2',
  'Proxy-Authorization',
  'Proxy-Authenticate',
]);

/** Where an answer sends the client; null: nowhere. */
export function locationOf(head: Head): string | null {
  if (!REDIRECTS.has(head.status)) return null;
  const [location = ''] = valuesOf(head.fields, 'location');
  return location === '' ? null : location;
}

/** What Go makes of a chain of redirects (net/http, Client.do), and k6 of its cookies. */
export class Redirects {
  readonly #first: Target;
  /** Given by the script: it stays. */
  readonly #referer: Outgoing['headers'];
  /** Once another host was asked, it stays without what it must not be told. */
  #stripped = false;

  constructor(first: Outgoing) {
    this.#first = first.target;
    this.#referer = first.headers.filter(([name]) => name === 'Referer');
  }

  /** @throws RequestError for a location that is no URL */
  next(before: Outgoing, status: number, location: string): Outgoing {
    const target = targetAt(resolved(before.target.parsed, location));
    // 307 and 308 repeat the request, the others ask with GET; HEAD stays HEAD.
    const repeats = status === 307 || status === 308;
    this.#stripped ||= !isAtOrBelow(target.host, this.#first.host);
    const made = {
      method: repeats || before.method === 'HEAD' ? before.method : 'GET',
      target,
      // An own Host header holds for the same server only, which a relative location is.
      host: isRelative(location) ? before.host : null,
      headers: [...this.#headers(before, repeats), ...this.#refererOf(before.target, target)],
      body: repeats ? before.body : null,
    };
    return { ...made, refused: refusedBecause(made) };
  }

  /** Cookies given as a header are gone: the jar and the request's own say what is sent. */
  #headers({ headers }: Outgoing, repeats: boolean): Outgoing['headers'] {
    return headers.filter(
      ([name]) =>
        name !== 'Cookie' &&
        name !== 'Referer' &&
        !(this.#stripped && SECRET.has(name)) &&
        (repeats || !name.startsWith('Content-')),
    );
  }

  /** The page before, without its password, and never from https to http. */
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
