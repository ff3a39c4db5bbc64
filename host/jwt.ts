import { z } from 'zod';
import { parseJson } from './json.ts';

const claims = z.object({ exp: z.number() });

/** When a JWT expires, s since 1970 (RFC 7519, 4.1.4); null: it is none, does not say it, or names no date. */
export function jwtExpiry(token: string): number | null {
  const [, payload = ''] = token.split('.');
  const { exp = Number.NaN } =
    claims.safeParse(parseJson(Buffer.from(payload, 'base64url').toString('utf8'))).data ?? {};
  return Number.isNaN(new Date(exp * 1000).getTime()) ? null : exp;
}
