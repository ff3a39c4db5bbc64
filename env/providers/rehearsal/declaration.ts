import { z } from 'zod';
import type { ProviderDeclaration } from '../declaring.ts';

const rehearsal = z.strictObject({
  rehearsal: z.literal('small').describe('Its size: 1 control plane and 3 workers, and 2 nodes of others'),
});

declare module '../declaring.ts' {
  interface ProviderShapes {
    rehearsal: z.infer<typeof rehearsal>;
  }
}

/**
 * A platform of another make on this machine, reached as a stranger's is: by the kubeconfig of an account with the documented rights, with
 * permits, and with faults through the API and privileged pods. Nothing that this machine knows of its nodes is used.
 */
export const declaration: ProviderDeclaration<'rehearsal'> = {
  name: 'rehearsal',
  order: 40,
  schema: rehearsal,
  environmentKinds: ['staging'],
  provisions: ['rehearsal'],
  traits: () => ({ ownedByUs: false, asProvisioned: true, systemNamespaces: [] }),
  findings: (_cluster, { name: found }) => {
    const message = 'there is one such instance, named like its environment';
    return found === INSTANCE ? [] : [{ path: ['cluster', 'rehearsal'], message, found, allowed: INSTANCE }];
  },
};

/** Name of the instance and of its environment. */
export const INSTANCE = 'rehearsal';
