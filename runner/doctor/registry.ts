/** What the registry of an image tells somebody without an account: whether it has it. Nothing is pulled. */
import { z } from 'zod';
import { askOnce } from '../../host/http.ts';
import type { HttpAnswer, HttpBounds } from '../../host/http.ts';
import { parseJson } from '../../host/json.ts';

/** there: anybody may pull it; absent: it is not there; unknown: it does not say, or not to somebody without an account. */
export interface Availability {
  is: 'there' | 'absent' | 'unknown';
  /** Completes "the registry …". */
  detail: string;
}

export interface ImageName {
  /** Host, with its port where the name has one. */
  registry: string;
  repository: string;
  /** A tag or a digest. */
  reference: string;
}

/** Media types of manifests (OCI image specification 1.1; Docker, "Image Manifest Version 2, Schema 2"). */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
/** registry.k8s.io sends on to a registry nearby, and that to nobody. */
const REDIRECTS = 3;

/** The parts of an image's name; null for one without a registry, which each node completes by itself. */
export function imageName(image: string): ImageName | null {
  const cut = image.indexOf('/');
  const host = image.slice(0, Math.max(0, cut));
  if (!/[.:]/.test(host) && host !== 'localhost') return null;
  const [named = '', digest] = image.slice(cut + 1).split('@');
  const [, name = named, tag = 'latest'] = /^(.*):([\w.-]+)$/.exec(named) ?? [];
  return { ...placeOf(host, name), reference: digest ?? tag };
}

/** Docker Hub's registry has another name than its images, and its own images a namespace that their names leave out. */
function placeOf(host: string, repository: string): Pick<ImageName, 'registry' | 'repository'> {
  if (!['docker.io', 'index.docker.io'].includes(host)) return { registry: host, repository };
  const whole = repository.includes('/') ? repository : `library/${repository}`;
  return { registry: 'registry-1.docker.io', repository: whole };
}

/**
 * Asks for the manifest, if need be with a token that the registry gives to anybody (OCI distribution specification 1.1, "Pulling manifests";
 * distribution, "Token Authentication Specification").
 * @throws HttpError when there is no answer
 */
export async function askRegistry(
  { registry, repository, reference }: ImageName,
  bounds: HttpBounds,
): Promise<Availability> {
  // As containerd does: a registry on the node itself speaks no TLS.
  const scheme = /^(?:localhost|127\.[\d.]+)(?::|$)/.test(registry) ? 'http' : 'https';
  const url = new URL(`${scheme}://${registry}/v2/${repository}/manifests/${reference}`);
  const answer = await head(url, {}, bounds);
  const asked = answer.status === 401 ? tokenUrl(answer, url, repository) : null;
  if (asked === null) return meaningOf(answer);
  const token = await tokenFrom(asked, bounds);
  if (typeof token !== 'string')
    return unknown(`gives no token to somebody without an account (${asked.host}: ${token.status})`);
  return meaningOf(await head(url, { authorization: `Bearer ${token}` }, bounds));
}

/** Where it is sent on, too; the token is for this host alone. */
async function head(url: URL, headers: Record<string, string>, bounds: HttpBounds): Promise<HttpAnswer> {
  let [at, more, answer] = [url, headers, await asked('HEAD', url, headers, bounds)];
  for (let left = REDIRECTS; left > 0; left--) {
    const to = answer.headers['location'];
    if (answer.status < 300 || answer.status > 399 || typeof to !== 'string') break;
    const next = new URL(to, at);
    if (next.host !== at.host) more = {};
    [at, answer] = [next, await asked('HEAD', next, more, bounds)];
  }
  return answer;
}

function asked(
  method: 'HEAD' | 'GET',
  { origin, pathname, search }: URL,
  headers: Record<string, string>,
  bounds: HttpBounds,
): Promise<HttpAnswer> {
  const accept = method === 'HEAD' ? MANIFESTS.join(', ') : 'application/json';
  const question = { path: `${pathname}${search}`, method, headers: { accept, ...headers } };
  return askOnce({ url: origin, proxied: true }, question, bounds);
}

/** Where a token is to be had, from the header that refuses; null: it wants something else. */
function tokenUrl({ headers }: HttpAnswer, at: URL, repository: string): URL | null {
  const challenge = [headers['www-authenticate'] ?? []].flat().find((one) => /^bearer /i.test(one)) ?? '';
  const said = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const realm = said.get('realm');
  if (realm === undefined || !URL.canParse(realm, at.href)) return null;
  const url = new URL(realm, at);
  const service = said.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  return url;
}

const tokens = z.object({ token: z.string().optional(), access_token: z.string().optional() });

async function tokenFrom(url: URL, bounds: HttpBounds): Promise<string | HttpAnswer> {
  const answer = await asked('GET', url, {}, bounds);
  if (answer.status !== 200) return answer;
  // A login page, say, has none in it.
  const { token, access_token: other } = tokens.safeParse(parseJson(answer.text)).data ?? {};
  return token ?? other ?? answer;
}

const unknown = (detail: string): Availability => ({ is: 'unknown', detail });

function meaningOf({ status, headers }: HttpAnswer): Availability {
  if (status === 404) return { is: 'absent', detail: 'does not have it (404)' };
  if (status === 200 && isManifest(headers)) return { is: 'there', detail: 'gives it to anybody' };
  return unknown(
    REFUSALS[status] ?? `answers ${status}, as no registry does: a login page or a proxy may be before it`,
  );
}

const NEEDS_ACCOUNT = 'tells nobody without an account whether it is there';
const REFUSALS: Readonly<Record<number, string>> = {
  401: `${NEEDS_ACCOUNT} (401)`,
  403: `${NEEDS_ACCOUNT} (403)`,
  429: 'takes no more questions from here now (429)',
};

function isManifest(headers: HttpAnswer['headers']): boolean {
  const type =
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim() ?? '';
  return MANIFESTS.includes(type) || headers['docker-content-digest'] !== undefined;
}
