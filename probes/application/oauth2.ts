import { z } from 'zod';
import { monoMs } from '../../host/clock.ts';
import { askOnce, basicCredentials } from '../../host/http.ts';
import type { HttpAnswer, HttpBounds } from '../../host/http.ts';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { retryAfterSeconds } from './contract.ts';

/** How a token is got by client credentials (RFC 6749, 4.4). The client's secret is none of it. */
export interface OAuth2Plan {
  tokenUrl: string;
  address?: string | undefined;
  /** PEM of the authorities that sign the endpoint's certificate; the system's when left out. */
  ca?: string | undefined;
  clientId: string;
  scope?: string | undefined;
  audience?: string | undefined;
  sends: 'basic' | 'body';
  /** How long before its expiry a token is renewed. */
  renewSeconds: number;
}

export interface Token {
  value: string;
  /** When it expires, CLOCK_MONOTONIC ms; undefined: it does not say. */
  untilMs?: number;
}

const granted = z.object({
  access_token: z.string().min(1),
  token_type: z.string().catch('Bearer'),
  // Some endpoints say null, 0 or -1 of a token that does not expire.
  expires_in: z.coerce.number().positive().optional().catch(undefined),
});
/** As RFC 6750 has it, and as Apigee calls it. */
const BEARER = /^bearer(?:token)?$/i;
const refused = z.object({ error: z.string().regex(/^[\w.-]{1,60}$/) });

/** A token endpoint answered, and refused. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  /** The client was not recognised: asked with the same secret, it will not be. */
  readonly isOfClient: boolean;
  /** How long `Retry-After` asks to wait, ms; 0: it does not say. */
  readonly waitMs: number;

  constructor(message: string, { isOfClient, waitMs }: Pick<TokenRefused, 'isOfClient' | 'waitMs'>) {
    super(message);
    this.isOfClient = isOfClient;
    this.waitMs = waitMs;
  }
}

/** @throws Error that names the endpoint and what it answered, without anything secret; TokenRefused where its status is another than 200 */
export async function tokenFrom(plan: OAuth2Plan, clientSecret: string, bounds: HttpBounds): Promise<Token> {
  const where = `the token endpoint ${plan.tokenUrl}`;
  const { origin, pathname, search } = new URL(plan.tokenUrl);
  const askedMs = monoMs();
  const answer = await askOnce(
    { url: origin, address: plan.address, ca: plan.ca, proxied: true },
    { method: 'POST', path: pathname + search, ...formOf(plan, clientSecret) },
    bounds,
  ).catch((cause: unknown) => {
    throw new Error(`${where} does not answer: ${errorText(cause)}`, { cause });
  });
  if (answer.status !== 200) throw refusedBy(where, answer);
  const parsed = granted.safeParse(parseJson(answer.text));
  if (!parsed.success) throw new Error(`${where} answers 200 without an access_token`);
  const { access_token: value, token_type: type, expires_in: seconds } = parsed.data;
  if (!BEARER.test(type))
    throw new Error(`${where} gives a token of type ${JSON.stringify(type.slice(0, 40))}, expected Bearer`);
  return { value, ...(seconds !== undefined && { untilMs: askedMs + seconds * 1000 }) };
}

function refusedBy(where: string, { status, headers, text }: HttpAnswer): TokenRefused {
  const { error } = refused.safeParse(parseJson(text)).data ?? {};
  return new TokenRefused(`${where} answers ${status}${error === undefined ? '' : ` ${error}`}`, {
    // RFC 6749, 5.2
    isOfClient: status === 401 || error === 'invalid_client',
    waitMs: (retryAfterSeconds(headers) ?? 0) * 1000,
  });
}

/** What the header of a client holds that `sends: basic`: both are encoded as in a form before they are joined (RFC 6749, 2.3.1). */
export function clientCredentials({ clientId }: Pick<OAuth2Plan, 'clientId'>, clientSecret: string): string {
  return basicCredentials({ user: formEncoded(clientId), password: formEncoded(clientSecret) });
}

function formOf(
  { clientId, scope, audience, sends }: OAuth2Plan,
  clientSecret: string,
): { headers: Record<string, string>; body: string } {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  if (audience !== undefined) form.set('audience', audience);
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  if (sends === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  } else {
    headers['authorization'] = `Basic ${clientCredentials({ clientId }, clientSecret)}`;
  }
  return { headers, body: form.toString() };
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
