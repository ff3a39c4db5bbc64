import { z } from 'zod';
import { monoMs } from '../../host/clock.ts';
import { askOnce } from '../../host/http.ts';
import type { HttpBounds } from '../../host/http.ts';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';

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
  token_type: z.string().default('Bearer'),
  expires_in: z.coerce.number().positive().optional(),
});
const refused = z.object({ error: z.string().regex(/^[\w.-]{1,60}$/) });

/** @throws Error that names the endpoint and what it answered, without anything secret */
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
  if (answer.status !== 200) {
    const said = refused.safeParse(parseJson(answer.text));
    throw new Error(`${where} answers ${answer.status}${said.success ? ` ${said.data.error}` : ''}`);
  }
  const parsed = granted.safeParse(parseJson(answer.text));
  if (!parsed.success) throw new Error(`${where} answers 200 without an access_token`);
  const { access_token: value, token_type: type, expires_in: seconds } = parsed.data;
  if (type.toLowerCase() !== 'bearer')
    throw new Error(`${where} gives a token of type ${JSON.stringify(type.slice(0, 40))}, expected Bearer`);
  return { value, ...(seconds !== undefined && { untilMs: askedMs + seconds * 1000 }) };
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
    // Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
    const joined = [clientId, clientSecret].map(formEncoded).join(':');
    headers['authorization'] = `Basic ${Buffer.from(joined).toString('base64')}`;
  }
  return { headers, body: form.toString() };
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
