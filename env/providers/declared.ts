/** All providers, by their declarations. To add one, create a folder beside this file whose `declaration.ts` exports `declaration`. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../../host/load-module.ts';
import type {
  Cluster,
  RollbackDeclaration,
  RollbackKind,
  ProviderDeclaration,
  ProviderRollback,
  Traits,
} from './declaring.ts';

const moduleSchema = z.object({
  declaration: z.custom<ProviderDeclaration>(
    (value) => z.object({ name: z.string(), order: z.number() }).safeParse(value).success,
  ),
});

async function declarationIn(folder: string): Promise<ProviderDeclaration> {
  const what = 'declaration of a provider of its name';
  const file = path.join(import.meta.dirname, folder, 'declaration.ts');
  const { declaration } = await loadModule(file, moduleSchema, what);
  if (declaration.name !== folder)
    throw new Error(`env/providers/${folder}/declaration.ts exports no ${what}`);
  return declaration;
}

const FOLDERS = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
  entry.isDirectory(),
);

/** Every provider, in the order of lists. */
export const PROVIDERS: readonly ProviderDeclaration[] = (
  await Promise.all(FOLDERS.map(({ name }) => declarationIn(name)))
).toSorted((a, b) => a.order - b.order);

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
