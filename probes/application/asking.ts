import { exchangeOf, askEdge } from '../edge/ask.ts';
import type { EdgeQuestion } from '../edge/ask.ts';
import type { HttpEndpoint, HttpQuestion } from '../edge/connection.ts';
import { fateOf, filled } from './contract.ts';
import type { Contract, ContractRequest, Fate, Reply, Values } from './contract.ts';
import { NOBODY } from './identity.ts';
import type { Identity } from './identity.ts';
import { wantsRenewal } from '../../reports/record/refusals.ts';

/** How requests of the application get through the edge. */
export interface ApplicationTarget {
  /** As clients type it; the paths of requests lie below its path. */
  url: URL;
  /** Where they connect to. */
  endpoint: HttpEndpoint;
  contract: Contract;
  /** That the title of everything created begins with. */
  prefix: string;
  /** Who asks; nobody when left out. */
  identity?: Identity;
}

/** The URL of a request: its path, with its query, below that of the edge. */
export function urlBelow(url: URL, path: string): URL {
  return new URL(`${url.origin}${basePathOf(url)}${path}`);
}

/** Path below which the requests lie, without a slash at its end. */
export function basePathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '');
}

/** A title that tells what a canary made from what others did. */
export function titleOf({ prefix }: Pick<ApplicationTarget, 'prefix'>, what: string): string {
  return `${prefix}${what}`;
}

type Given = Pick<Values, 'correlationId' | 'n'> & Partial<Values>;

/** What fills a request's placeholders; its title is that of a canary, and holds the correlation id. */
export function valuesFor(target: Pick<ApplicationTarget, 'prefix'>, given: Given): Values {
  return { title: titleOf(target, given.correlationId), prefix: target.prefix, ...given };
}

function questionFor(
  target: ApplicationTarget,
  request: ContractRequest,
  { values, headers }: { values: Values; headers: Record<string, string> },
): EdgeQuestion {
  const { method, path, headers: own, body } = filled(target.contract, request, values);
  return {
    method,
    url: urlBelow(target.url, path),
    headers: { ...own, ...headers },
    ...(body !== undefined && { text: body }),
  };
}

/** A request for a kept connection. @param more headers beside those of the contract, such as `traceparent` */
export function exchangeFor(
  target: ApplicationTarget,
  request: ContractRequest,
  { values, more = {} }: { values: Values; more?: Record<string, string> },
): HttpQuestion {
  const headers = { ...more, ...(target.identity ?? NOBODY).headers() };
  return exchangeOf(questionFor(target, request, { values, headers }));
}

/**
 * What an answer says of its request. Where the gateway did not recognise who asked, the credentials are renewed.
 * @param sent headers with which it was sent
 */
export function heard(
  { contract, identity = NOBODY }: Pick<ApplicationTarget, 'contract' | 'identity'>,
  request: ContractRequest,
  { values, sent, reply }: { values: Values; sent: Record<string, string>; reply: Reply },
): Fate {
  const fate = fateOf(contract, request, values, reply);
  if (fate.cause !== null && fate.cause !== 'service' && wantsRenewal(fate.cause)) identity.refused(sent);
  return fate;
}

/**
 * One request over a connection of its own: one attempt, no redirects; nothing is asked again.
 * @throws Error with a short class of what went wrong (errno, TLS code), or that there was no answer within the time
 */
export async function askApplication(
  target: ApplicationTarget,
  { request, values }: { request: ContractRequest; values: Values },
  bounds: { deadlineMs: number; signal?: AbortSignal },
): Promise<{ reply: Reply; fate: Fate; ms: number }> {
  const headers = (target.identity ?? NOBODY).headers();
  const { ms, ...reply } = await askEdge(
    target.endpoint,
    questionFor(target, request, { values, headers }),
    bounds,
  );
  return { reply, fate: heard(target, request, { values, sent: headers, reply }), ms };
}
