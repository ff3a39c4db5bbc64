/**
 * Tokens that a kubeconfig names by their file (`tokenFile` of client-go), such as that of a service account, which the kubelet replaces before it
 * expires. The library does not know this key.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { resolve } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { SILENT } from './parse-error.ts';

const declaring = z.object({ users: z.array(z.unknown()) });
const declared = z.object({ name: z.string(), user: z.object({ tokenFile: z.string().min(1) }) });

/** The files by the names of their users. @param text of a kubeconfig @param folder where relative paths begin */
export function tokenFilesIn(text: string, folder: string): ReadonlyMap<string, string> {
  const users = declaring.safeParse(parse(text, SILENT)).data?.users ?? [];
  const found = users.flatMap((one) => declared.safeParse(one).data ?? []);
  return new Map(found.map(({ name, user }) => [name, resolve(folder, user.tokenFile)]));
}

/** Has each request of these users carry the token that its file holds by then. As in client-go, it takes the place of a `token` beside it. */
export function useTokenFiles(config: KubeConfig, files: ReadonlyMap<string, string>): void {
  config.users = config.users.map((user) => (files.has(user.name) ? withoutToken(user) : user));
  config.addAuthenticator({
    isAuthProvider: ({ name }) => files.has(name),
    // eslint-disable-next-line @typescript-eslint/require-await -- async, so that what throws is a promise that rejects
    applyAuthentication: async ({ name }, options: RequestOptions) => {
      options.headers ??= {};
      Object.assign(options.headers, { Authorization: `Bearer ${tokenIn(files.get(name) ?? '')}` });
    },
  });
}

function withoutToken({ token: _, ...user }: User): User {
  return user;
}

/** Without the line break at its end, which no header may have. @throws Error also where nothing is in it */
export function tokenIn(file: string): string {
  const token = readFileSync(file, 'utf8').trim();
  if (token === '') throw new Error('it is empty');
  return token;
}
