import { z } from 'zod';
import { filePath } from '../../../probes/declaring.ts';
import { pin, power, reach } from '../declaring.ts';
import type { ProviderDeclaration } from '../declaring.ts';

const kubeconfig = z.strictObject({
  kubeconfig: z
    .union([
      z.strictObject({ file: filePath }),
      z.strictObject({ env: z.string().min(1).describe('Name of the environment variable') }),
    ])
    .describe('Path of the kubeconfig, or the environment variable that holds its path'),
  context: z
    .string()
    .min(1)
    .optional()
    .describe('Context in it; when left out, the one that is current when the command begins'),
  pin,
  power: power.optional(),
  reach: reach.optional(),
});

declare module '../declaring.ts' {
  interface ProviderShapes {
    kubeconfig: z.infer<typeof kubeconfig>;
  }
}

/** A cluster that Plumbline does not provision, reached as kubectl reaches it. */
export const declaration: ProviderDeclaration<'kubeconfig'> = {
  name: 'kubeconfig',
  order: 20,
  schema: kubeconfig,
  environmentKinds: ['testing', 'staging', 'production'],
  traits: ({ power: switched, reach: way }) => ({
    ownedByUs: false,
    power: switched,
    systemNamespaces: [],
    ...(way !== undefined && { reach: way }),
  }),
  pinIsPlaceholder: ({ pin: { caSha256 } }) => /^0+$/.test(caSha256 ?? ''),
};
