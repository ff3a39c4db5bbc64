/** What providers do, by the folder of their declaration, whose `index.ts` exports `provider`. Each is loaded when it is needed. */
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../../host/load-module.ts';
import type { ProvisionedOf } from '../provisioned.ts';
import { declarationOf, PROVIDERS } from './declared.ts';
import type { Cluster, ProviderName } from './declaring.ts';
import type { Provider, Undo } from './provider.ts';

const moduleSchema = z.object({
  provider: z.custom<Provider>((value) => z.object({ connect: z.function() }).safeParse(value).success),
});

async function providerIn(name: ProviderName): Promise<Provider> {
  const file = path.join(import.meta.dirname, name, 'index.ts');
  return (await loadModule(file, moduleSchema, '`provider`')).provider;
}

/** The provider of a cluster. */
export function providerOf(cluster: Cluster): Promise<Provider> {
  return providerIn(declarationOf(cluster).name);
}

export const provisionedOf: ProvisionedOf = async (cluster) =>
  (await providerOf(cluster)).provisioned?.(cluster);

/** Rollback functions for every kind that only a provider can undo. @throws Error for a declared kind without one */
export async function everyUndo(): Promise<Undo> {
  const undo: Undo = {};
  // A provider without rollbacks is not loaded, so a defect in it cannot block any rollback.
  for (const { name, rollbacks } of PROVIDERS) {
    if (rollbacks === undefined) continue;
    const own = (await (await providerIn(name)).undo?.()) ?? {};
    for (const kind of Object.keys(rollbacks))
      if (!(kind in own))
        throw new Error(
          `env/providers/${name}/index.ts has no undo for "${kind}", which its declaration lists under rollbacks`,
        );
    Object.assign(undo, own);
  }
  return undo;
}
