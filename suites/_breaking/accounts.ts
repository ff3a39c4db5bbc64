/** How controls reach the stores directly, without the runner: as declared, with the accounts from Kubernetes Secrets. */
import type { SecretSource, StoreName, Stores } from '../../env/schema.ts';
import type { ControlContext } from '../harness/control.ts';

/** The part of a control's context that a query needs. With a `password` no Secret is read. */
export type Asking = Pick<ControlContext, 'environment' | 'signal' | 'get'> & { password?: string };

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
    throw new Error('the password is not declared as a key of a Secret');
  const { key, ...ref } = source.secret;
  const secret = await ctx.get({ apiVersion: 'v1', kind: 'Secret', ...ref });
  return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
}

/** The header of HTTP's basic authentication. */
export async function basic(
  ctx: Asking,
  { user = '', password }: { user?: string; password?: SecretSource },
): Promise<string> {
  const account = `${user}:${ctx.password ?? (await secretText(ctx, password))}`;
  return `Basic ${Buffer.from(account).toString('base64')}`;
}
