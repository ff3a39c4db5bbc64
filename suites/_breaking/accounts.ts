/** How controls reach the stores directly, without the runner: as declared, with the accounts from Kubernetes Secrets. */
import type { SecretSource, StoreName, Stores } from '../../env/schema.ts';
import { askOnce } from '../../host/http.ts';
import type { Bounds } from '../../probes/store/store-driver.ts';
import type { ControlContext } from '../harness/control.ts';

const ANSWER_MS = 10_000;

/** One question to a store, which the end of the control aborts. */
export const oneAnswer = ({ signal }: Pick<ControlContext, 'signal'>): Bounds => ({
  deadlineMs: ANSWER_MS,
  signal,
});

/** The part of a control's context that a query needs. With a `password` no Secret is read. */
export type Asking = Pick<ControlContext, 'environment' | 'signal' | 'get'> & { password?: string };

/** What an environment file says of how a store is logged in to. */
interface DeclaredLogin {
  user?: string;
  password?: SecretSource;
}

/** @throws Error where the environment does not declare it: then there is nothing to break */
export function declaredStore<Name extends StoreName>(
  { environment }: Pick<ControlContext, 'environment'>,
  name: Name,
): NonNullable<Stores[Name]> {
  const declared = environment.stores[name];
  if (declared === undefined) throw new Error(`the environment declares no ${name}`);
  return declared;
}

/** The value of a key of a Secret; empty where it is not there. @throws Error where the source is none of Kubernetes */
export async function secretText(
  ctx: Pick<ControlContext, 'get'>,
  source: SecretSource | undefined,
): Promise<string> {
  if (source === undefined || !('secret' in source))
    throw new Error(
      'the environment file does not declare the password of this account as a key of a Secret',
    );
  const { key, ...ref } = source.secret;
  const secret = await ctx.get({ apiVersion: 'v1', kind: 'Secret', ...ref });
  return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
}

/** Sends one request with a JSON body and returns the answer, also one with an error status. @throws HttpError when there is no answer */
export async function askJson(
  ctx: Asking,
  at: { url: string; declared: DeclaredLogin },
  question: { method: string; path: string; body?: unknown },
): Promise<{ status: number; text: string }> {
  const { method, path, body } = question;
  const { user = '', password } = at.declared;
  const account = { user, password: ctx.password ?? (await secretText(ctx, password)) };
  const sent = {
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  return await askOnce(
    { url: at.url, account },
    { method, path, ...sent },
    { deadlineMs: ANSWER_MS, signal: ctx.signal },
  );
}
