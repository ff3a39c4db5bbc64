import { z } from 'zod';
import type { ProviderDeclaration } from '../declaring.ts';

const compose = z.strictObject({
  compose: z.strictObject({
    file: z.string().min(1).describe('Compose file, relative to the checkout that holds it'),
    project: z.string().min(1),
  }),
});

declare module '../declaring.ts' {
  interface ProviderShapes {
    compose: z.infer<typeof compose>;
  }
}

/** A Compose project on the machine of a developer. */
export const declaration: ProviderDeclaration<'compose'> = {
  name: 'compose',
  order: 30,
  schema: compose,
  environmentKinds: ['development'],
  traits: () => ({
    ownedByUs: false,
    systemNamespaces: [],
    notBuilt: 'no check of a Compose project is written yet',
  }),
};
