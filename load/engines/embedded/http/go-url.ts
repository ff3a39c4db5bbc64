/**
 * Parses URLs as Go does (net/url), and so k6. Nothing is normalised: a URL is sent, tagged and shown as the script wrote it, with its
 * escapes. Some URLs are refused that a browser would repair.
 */
export interface GoUrl {
  /** In lower case; empty for a relative URL. */
  scheme: string;
  /** What follows the scheme when it is not a slash: `x` of `mailto:x`. */
  opaque: string;
  user: { name: string; password: string | null; text: string } | null;
  /** With its port. */
  host: string;
  /** Escaped where necessary. */
  path: string;
  /** Null: no question mark. */
  query: string | null;
  fragment: string;
}

// eslint-disable-next-line no-control-regex -- characters that no URL may have
const CONTROL = /[\x00-\x1f\x7f]/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const USER = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
/** Allowed characters of ASCII, and all others (internationalised names). */
const HOST = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]*$/;
const ESCAPE = /%(?![0-9A-Fa-f]{2})(.{0,2})/;
/** Characters allowed unescaped in a path (RFC 3986, and brackets). */
const PATH = /^[A-Za-z0-9\-_.~!$&'()*+,;=:@/[\]%]*$/;
/** Characters that Go leaves unescaped when it re-escapes a path. */
const PATH_KEPT = /[A-Za-z0-9\-_.~$&+,/:;=@]/;

/** @throws Error with the reason, for a URL that Go does not parse */
export function parseGoUrl(text: string): GoUrl {
  const [whole, fragment] = cut(text, '#');
  if (CONTROL.test(whole)) throw new Error('invalid control character in URL');
  checkEscapes(fragment ?? '');
  const scheme = schemeOf(whole);
  const [rest, query] = cut(scheme === '' ? whole : whole.slice(scheme.length + 1), '?');
  const url: GoUrl = {
    scheme: scheme.toLowerCase(),
    opaque: '',
    user: null,
    host: '',
    path: '',
    query,
    fragment: fragment ?? '',
  };
  if (rest.startsWith('/')) return withHierarchy(url, rest);
  if (scheme !== '') return { ...url, opaque: rest };
  if (cut(rest, '/')[0].includes(':')) throw new Error('first path segment in URL cannot contain colon');
  return { ...url, path: escapedPath(rest) };
}

/** The text before and after the first `mark`; `after` is null when there is none. */
function cut(text: string, mark: string): [before: string, after: string | null] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** Empty for a relative URL. */
function schemeOf(text: string): string {
  if (text.startsWith(':')) throw new Error('missing protocol scheme');
  return SCHEME.exec(text)?.[1] ?? '';
}

function withHierarchy(url: GoUrl, rest: string): GoUrl {
  const hasAuthority = rest.startsWith('//') && (url.scheme !== '' || !rest.startsWith('///'));
  if (!hasAuthority) return { ...url, path: escapedPath(rest) };
  const slash = rest.indexOf('/', 2);
  const authority = rest.slice(2, slash < 0 ? rest.length : slash);
  const at = authority.lastIndexOf('@');
  return {
    ...url,
    user: at < 0 ? null : userOf(authority.slice(0, at)),
    host: hostOf(authority.slice(at + 1)),
    path: slash < 0 ? '' : escapedPath(rest.slice(slash)),
  };
}

function userOf(text: string): NonNullable<GoUrl['user']> {
  if (!USER.test(text)) throw new Error('invalid userinfo');
  checkEscapes(text);
  const colon = text.indexOf(':');
  const password = colon < 0 ? null : unescaped(text.slice(colon + 1));
  return { name: unescaped(colon < 0 ? text : text.slice(0, colon)), password, text };
}

function hostOf(text: string): string {
  const bracket = text.lastIndexOf(']');
  if (text.startsWith('[') && bracket < 0) throw new Error("missing ']' in host");
  const port = /:[^:]*$/.exec(text.slice(bracket + 1))?.[0] ?? '';
  if (!/^(:\d*)?$/.test(port)) throw new Error(`invalid port ${JSON.stringify(port)} after host`);
  if (!HOST.test(text)) throw new Error('invalid character in host name');
  checkEscapes(text);
  return text.includes('%') ? unescaped(text) : text;
}

function checkEscapes(text: string): void {
  const wrong = ESCAPE.exec(text);
  if (wrong !== null) throw new Error(`invalid URL escape ${JSON.stringify(wrong[0])}`);
}

/** The path as written if all its characters are allowed; otherwise re-escaped. */
function escapedPath(path: string): string {
  checkEscapes(path);
  if (PATH.test(path)) return path;
  const bytes = Buffer.from(path, 'utf8').toString('latin1');
  return bytes.replace(/%[0-9A-Fa-f]{2}|[^]/g, (one) => (one.length > 1 ? recoded(one) : escapedByte(one)));
}

function recoded(escape: string): string {
  return escapedByte(String.fromCharCode(Number.parseInt(escape.slice(1), 16)));
}

function escapedByte(byte: string): string {
  if (PATH_KEPT.test(byte)) return byte;
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function unescaped(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return text === bytes ? text : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** @param user text for user and password; null: left out */
export function textOfUrl(url: GoUrl, user = url.user?.text ?? null): string {
  const { scheme, opaque, path, query, fragment } = url;
  const begin = scheme === '' ? '' : `${scheme}:`;
  const end = `${query === null ? '' : `?${query}`}${fragment === '' ? '' : `#${fragment}`}`;
  return `${begin}${opaque === '' ? `${authorityOf(url, user)}${path}` : opaque}${end}`;
}

function authorityOf({ host, user: given }: GoUrl, user: string | null): string {
  if (host === '' && given === null) return '';
  return `//${user === null ? '' : `${user}@`}${host}`;
}

/** The URL with user and password masked, for metrics and logs. */
export function cleanText(url: GoUrl): string {
  return textOfUrl(url, url.user === null ? null : url.user.password === null ? '****' : '****:****');
}

/** Resolves a reference against a URL (RFC 3986, section 5.2). @throws Error for a reference that Go does not parse */
export function resolveGoUrl(base: GoUrl, reference: string): GoUrl {
  const to = parseGoUrl(reference);
  if (to.scheme !== '') return { ...to, path: withoutDots(to.path) };
  const { scheme } = base;
  if (to.host !== '' || to.user !== null) return { ...to, scheme, path: withoutDots(to.path) };
  const same = to.path === '' && to.query === null;
  return {
    ...to,
    scheme,
    host: base.host,
    user: base.user,
    path: withoutDots(pathFrom(base.path, to.path)),
    ...(same && { query: base.query, fragment: to.fragment === '' ? base.fragment : to.fragment }),
  };
}

function pathFrom(base: string, path: string): string {
  if (path === '') return base;
  return path.startsWith('/') ? path : `${base.slice(0, base.lastIndexOf('/') + 1)}${path}`;
}

function withoutDots(path: string): string {
  if (path === '') return '';
  const kept: string[] = [];
  const parts = path.split('/');
  for (const part of parts)
    if (part === '..') kept.pop();
    else if (part !== '.') kept.push(part);
  if (['.', '..'].includes(parts.at(-1) ?? '')) kept.push('');
  return `/${kept.join('/').replace(/^\//, '')}`;
}
