/** A cookie, as k6 shows it in a response. */
export interface Cookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  http_only: boolean;
  secure: boolean;
  max_age: number;
  /** ms since the epoch; 0: none. */
  expires: number;
}

interface Kept extends Cookie {
  /** Sent to this host only, not to its subdomains. */
  hostOnly: boolean;
  /** ms since the epoch. */
  untilMs: number;
}

type Place = Pick<URL, 'hostname' | 'pathname' | 'protocol'>;

/** Parses one `Set-Cookie` (RFC 6265, section 5.2); null if it has no name. */
export function parseSetCookie(line: string): Cookie | null {
  const [first = '', ...attributes] = line.split(';');
  const equals = first.indexOf('=');
  const name = first.slice(0, Math.max(0, equals)).trim();
  if (name === '') return null;
  const cookie: Cookie = {
    name,
    value: unquoted(first.slice(equals + 1).trim()),
    domain: '',
    path: '',
    http_only: false,
    secure: false,
    max_age: 0,
    expires: 0,
  };
  for (const one of attributes) setAttribute(cookie, one);
  return cookie;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function setAttribute(cookie: Cookie, text: string): void {
  const equals = text.indexOf('=');
  const name = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase();
  ATTRIBUTES[name]?.(cookie, equals < 0 ? '' : text.slice(equals + 1).trim());
}

const ATTRIBUTES: Readonly<Record<string, (cookie: Cookie, value: string) => void>> = {
  domain: (cookie, value) => (cookie.domain = value.replace(/^\./, '').toLowerCase()),
  path: (cookie, value) => (cookie.path = value),
  httponly: (cookie) => (cookie.http_only = true),
  secure: (cookie) => (cookie.secure = true),
  expires: (cookie, value) => (cookie.expires = Date.parse(value) || 0),
  // 0 means "no Max-Age", so a Max-Age of 0 or less ("delete now") is stored as -1, as in Go's cookies.
  'max-age': (cookie, value) => {
    if (/^-?\d+$/.test(value)) cookie.max_age = Number(value) > 0 ? Number(value) : -1;
  },
};

/** The cookies of a VU (RFC 6265, sections 5.3 and 5.4). */
export class CookieJar {
  readonly #kept = new Map<string, Kept>();

  /** False: the jar is empty, and need not be searched. */
  get used(): boolean {
    return this.#kept.size > 0;
  }

  keep(place: Place, cookie: Cookie, nowMs = Date.now()): void {
    const host = place.hostname;
    if (cookie.domain !== '' && !isBelow(host, cookie.domain)) return;
    const domain = cookie.domain === '' ? host : cookie.domain;
    const path = cookie.path.startsWith('/') ? cookie.path : defaultPath(place.pathname);
    const untilMs = endOf(cookie, nowMs);
    const key = `${domain};${path};${cookie.name}`;
    this.#kept.delete(key);
    if (untilMs > nowMs)
      this.#kept.set(key, { ...cookie, domain, path, untilMs, hostOnly: cookie.domain === '' });
  }

  /** The cookies to send to a URL, longest path first. */
  for(place: Place, nowMs = Date.now()): Cookie[] {
    if (this.#kept.size === 0) return [];
    return [...this.#kept.values()]
      .filter((one) => matches(one, place) && one.untilMs > nowMs)
      .sort((a, b) => b.path.length - a.path.length);
  }

  remove(place: Place, name: string | null): void {
    for (const [key, one] of this.#kept)
      if (matches(one, place) && (name === null || one.name === name)) this.#kept.delete(key);
  }
}

function endOf({ max_age: maxAge, expires }: Cookie, nowMs: number): number {
  if (maxAge !== 0) return maxAge < 0 ? 0 : nowMs + maxAge * 1000;
  return expires === 0 ? Infinity : expires;
}

function isBelow(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function matches({ domain, path, secure, hostOnly }: Kept, place: Place): boolean {
  if (hostOnly ? place.hostname !== domain : !isBelow(place.hostname, domain)) return false;
  if (secure && place.protocol !== 'https:') return false;
  const asked = place.pathname;
  return asked === path || (asked.startsWith(path) && (path.endsWith('/') || asked[path.length] === '/'));
}

function defaultPath(path: string): string {
  const last = path.lastIndexOf('/');
  return last <= 0 ? '/' : path.slice(0, last);
}
