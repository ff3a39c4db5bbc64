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
 * permits, and with faults through the API and privileged pods. Of what this machine knows of its nodes only is used how busy it is.
 */
export const declaration: ProviderDeclaration<'rehearsal'> = {
  name: 'rehearsal',
  order: 40,
  schema: rehearsal,
  environmentKinds: ['staging'],
  provisions: ['rehearsal'],
  // How busy its nodes are shows on the machine alone: each takes all cores of it for its own, as overcommitted virtual machines do.
  traits: () => ({ ownedByUs: false, asProvisioned: true, systemNamespaces: [], onThisMachine: INSTANCE }),
  findings: (_cluster, { name: found }) => {
    const message = 'there is one such instance, named like its environment';
    return found === INSTANCE ? [] : [{ path: ['cluster', 'rehearsal'], message, found, allowed: INSTANCE }];
  },
};

/** Name of the instance and of its environment. */
export const INSTANCE = 'rehearsal';
