/** Controls of each store's failover and queries: one file for each store, which exports `controls`. */
import path from 'node:path';
import { z } from 'zod';
import { STORES } from '../../../../env/schema.ts';
import { loadModule } from '../../../../host/load-module.ts';
import type { Control } from '../../../harness/control.ts';

const moduleSchema = z.object({ controls: z.array(z.custom<Control>()).min(1) });

async function controlsOf(store: string): Promise<readonly Control[]> {
  return (await loadModule(path.join(import.meta.dirname, `${store}.ts`), moduleSchema, '`controls`'))
    .controls;
}

export const controls: readonly Control[] = (await Promise.all(STORES.map(controlsOf))).flat();
