/** All providers, by their declarations. To add one, create a folder beside this file whose `declaration.ts` exports `declaration`. */
import { z } from 'zod';
import { declarationsBelow, loadDeclared } from '../../host/load-module.ts';
import type {
  Cluster,
  RollbackDeclaration,
  RollbackKind,
  ProviderDeclaration,
  ProviderRollback,
  Traits,
} from './declaring.ts';

/** Every provider, in the order of lists. */
export const PROVIDERS: readonly ProviderDeclaration[] = await loadDeclared<ProviderDeclaration>(
  declarationsBelow(import.meta.dirname),
  { exported: 'declaration', named: 'name', what: 'declaration of a provider' },
);

/** What only a provider can undo, by kind. */
export const ROLLBACKS: readonly (RollbackDeclaration & { kind: RollbackKind })[] = PROVIDERS.flatMap(
  ({ rollbacks = {} }) =>
    Object.entries(rollbacks).map(([kind, rollback]) => ({ ...rollback, kind: kind as RollbackKind })),
);

/** Any provider's rollback, as a rollback journal stores it. */
export const providerRollback = z.union(
  ROLLBACKS.map(({ kind, schema }) => schema.extend({ kind: z.literal(kind) })),
) as unknown as z.ZodType<ProviderRollback>;

/** The section `cluster` of an environment file: how to reach the environment, in the shape of one of them. */
export const cluster: z.ZodType<Cluster> = z.union(PROVIDERS.map(({ schema }) => schema));

/** The provider of a cluster, which the key of its name tells. @throws Error when there is none, which no schema lets through */
export function declarationOf(of: Cluster): ProviderDeclaration {
  const found = PROVIDERS.find(({ name }) => name in of);
  if (found === undefined)
    throw new Error(`no provider of {${Object.keys(of).join(', ')}}; there are ${namesOf(() => true)}`);
  return found;
}

/** Traits of an environment, as its provider declares them. */
export function traitsOf({ cluster: of }: { cluster: Cluster }): Traits {
  return declarationOf(of).traits(of);
}

/** For messages: names of the providers that satisfy the predicate. */
export function namesOf(which: (provider: ProviderDeclaration) => boolean, joint = ', '): string {
  return PROVIDERS.filter(which)
    .map(({ name }) => name)
    .join(joint);
}
