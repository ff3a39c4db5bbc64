/** Answers that say nothing of the service: who stands before it, or the service itself, did not take the request. */

export const REFUSALS = ['credentials', 'login', 'permission', 'rate-limit'] as const;
export type Refusal = (typeof REFUSALS)[number];

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Words in the addresses of login pages, and parameters of requests for a login (RFC 6749, 4.1.1; SAML 2.0 bindings, 3.4). */
const LOGIN =
  /(?:^|[/._-])(?:log[-_]?in|log[-_]?on|sign[-_]?in|sso|oauth2?|oidc|openid-connect|authorize|saml2?|auth)(?:[/._?#:-]|$)|[?&](?:response_type|SAMLRequest)=/i;

/**
 * 401: who asked was not recognised (RFC 9110, 15.5.2); some gateways send to a login page in its place. 403: who asked was recognised and may not
 * (15.5.4): the same request is answered well when an account asks that may, so that it is no failure of the service either. 429: it was asked too
 * often (RFC 6585, 4). With each of them the service has not failed; nor has it answered.
 * @param location where the answer sends on; empty: nowhere
 */
export function refusalOf(status: number | null, location = ''): Refusal | null {
  if (status === 401) return 'credentials';
  if (status === 403) return 'permission';
  if (status === 429) return 'rate-limit';
  return status !== null && REDIRECTS.includes(status) && LOGIN.test(location) ? 'login' : null;
}

/** A login page is known by its field for a password, or by its title; it is looked for in so many characters. */
const PAGE_CHARACTERS = 20_000;
const PAGE = /^\s*(?:<!doctype html|<html)/i;

/** Whether a text is a web page, which no API answers with. */
export function isWebPage(text: string): boolean {
  return PAGE.test(text);
}

const ASKS =
  /<input[^>]{1,400}type\s*=\s*["']?password|<title[^>]{0,100}>[^<]{0,100}\b(?:log ?-?in|log ?-?on|sign ?-?in)\b/i;

/** Whether this text is a page on which to log in. Some gateways answer with one in place of the service, with status 200. */
export function isLoginPage(text: string): boolean {
  const start = text.slice(0, PAGE_CHARACTERS);
  return isWebPage(start) && ASKS.test(start);
}

/** What an answer says beside its status. */
interface Said {
  /** Seconds that `Retry-After` asks for; null: none. */
  waitSeconds?: number | null;
  /** Where it sends on; empty: it is the login page itself. */
  location?: string;
}

/** Where an answer sends on, without what may be secret in it: a user, a query, a fragment. */
export function plainLocation(location: string): string {
  return location.replace(/[?#].*$/, '').replace(/^([a-z][a-z\d+.-]*:)?\/\/[^/]*@/i, '$1//');
}

/** How the detail of a request that was refused begins. Of an address, nothing that may be secret. */
export function refusalDetail(refusal: Refusal, status: number, said: Said = {}): string {
  const { waitSeconds = null, location = '' } = said;
  const wait = waitSeconds === null ? '' : `, retry after ${waitSeconds} s`;
  const to = location === '' ? ' with a login page' : ` to ${plainLocation(location).slice(0, 100)}`;
  return `${refusal}: status ${status}${refusal === 'login' ? to : ''}${wait}`;
}

/** The refusal that the detail of a request says; null: it says another thing. */
export function refusalIn(detail: string): Refusal | null {
  return REFUSALS.find((one) => detail.startsWith(`${one}: `)) ?? null;
}

/** Whether another token may help: who asked was not recognised. */
export function wantsRenewal(refusal: Refusal): boolean {
  return refusal === 'credentials' || refusal === 'login';
}

/** The check of a load's scenario under which refused requests are counted, apart from those of the service. */
export function refusalCheck(refusal: Refusal): string {
  return `turned away: ${refusal}`;
}

/** How many requests were refused, by the reason. */
export type Refused = Readonly<Record<Refusal, number>>;

export function refusedBy(count: (refusal: Refusal) => number): Record<Refusal, number> {
  return {
    credentials: count('credentials'),
    login: count('login'),
    permission: count('permission'),
    'rate-limit': count('rate-limit'),
  };
}

export function refusedTotal(refused: Refused): number {
  return REFUSALS.reduce((sum, one) => sum + refused[one], 0);
}

/** For people: how many of how many requests were refused, and what to look at; empty where none was. */
export function refusedText(refused: Refused, of: number): string {
  return REFUSALS.filter((one) => refused[one] > 0)
    .map((one) => `${refused[one]} of ${of} requests ${REFUSAL_TEXTS[one]}`)
    .join('; ');
}

/** For people: what to look at. */
export const REFUSAL_TEXTS: Readonly<Record<Refusal, string>> = {
  credentials:
    'refused with 401: the credentials (application.credentials) are missing, wrong or no longer valid',
  login:
    'sent to a login page: the credentials (application.credentials) are missing, wrong or no longer valid',
  permission:
    'refused with 403: the account of the credentials (application.credentials) may not send this request, or a firewall forbids it',
  'rate-limit': 'refused with 429: a rate limit is below what was sent',
};

/** How a line ends by which the scenario of a load says that its credentials were refused: they are renewed then. */
export const REFUSED_LOG = 'the credentials were refused';
