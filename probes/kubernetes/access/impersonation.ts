/**
 * As whom an account of a kubeconfig asks, besides the user (`as`): `as-uid`, `as-groups` and `as-user-extra` of client-go. The library knows `as`
 * alone, so that the API server would decide by the rights of other groups than for kubectl.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { parse } from 'yaml';
import { z } from 'zod';
import { SILENT } from './parse-error.ts';

const declaring = z.object({ users: z.array(z.unknown()) });
const named = z.object({ name: z.string(), user: z.unknown() });
const declared = z.object({
  as: z.string().nullish(),
  'as-uid': z.string().nullish(),
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
});

/**
 * The headers that say so (Kubernetes documentation, "User impersonation"), but for that of `as`.
 * @param text of a kubeconfig @param account its name in `users`
 * @throws Error that names the key which cannot be followed
 */
export function impersonationOf(text: string, account: string): OutgoingHttpHeaders {
  const users = declaring.safeParse(parse(text, SILENT)).data?.users ?? [];
  const found = users.map((one) => named.safeParse(one).data).find((one) => one?.name === account);
  const { data, error } = declared.safeParse(found?.user ?? {});
  if (data === undefined)
    throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const headers = headersOf(data);
  // The API server refuses these too, at every request.
  if (Object.keys(headers).length > 0 && !data.as)
    throw new Error('as-uid, as-groups or as-user-extra is given without a user (as)');
  return headers;
}

function headersOf(user: z.infer<typeof declared>): OutgoingHttpHeaders {
  const uid = user['as-uid'] ?? '';
  const groups = user['as-groups'] ?? [];
  const extra = Object.entries(user['as-user-extra'] ?? {}).filter(([, values]) => values.length > 0);
  return {
    ...(uid !== '' && { 'Impersonate-Uid': uid }),
    ...(groups.length > 0 && { 'Impersonate-Group': groups }),
    ...Object.fromEntries(extra.map(([key, values]) => [`Impersonate-Extra-${escaped(key)}`, values])),
  };
}

/** As client-go escapes a key: each byte that may not stand in the name of a header (RFC 9110, 5.6.2), and `%` itself. */
function escaped(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const one = String.fromCharCode(byte);
      return /[\w!#$&'*+.^`|~-]/.test(one) ? one : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
