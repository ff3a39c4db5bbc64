import { z } from 'zod';
import { INSTANCES, OWN_INSTANCES } from '../../../host/paths.ts';
import { SIZES } from '../declaring.ts';
import type { ProviderDeclaration } from '../declaring.ts';

const embedded = z.strictObject({
  embedded: z.enum(OWN_INSTANCES).describe('Name of the instance that `plumbline env up` provisions'),
  size: z.enum(SIZES).describe('small: 1 control plane; full: 3, and a GPU pool'),
});

const instance = z.enum(INSTANCES);
const link = z.object({ instance, link: z.string() });
const node = z.object({ instance, node: z.string(), size: z.enum(SIZES), binDir: z.string() });
const apiServers = z.object({
  instance,
  before: z.array(z.object({ name: z.string(), address: z.string() })),
});
const edgeConfig = z.object({ instance, before: z.string(), afterSha256: z.string() });

declare module '../declaring.ts' {
  interface ProviderShapes {
    embedded: z.infer<typeof embedded>;
  }
  interface ProviderRollbacks {
    /** Rejoins a node whose link was cut. */
    'link-up': z.infer<typeof link>;
    /** Restarts a node that was killed, with its original parameters. */
    'node-start': z.infer<typeof node>;
    /** Restores the API servers behind the load balancer. */
    'api-servers': z.infer<typeof apiServers>;
    /** Restores the edge's part of the load balancer's configuration, unless somebody else has changed it. */
    'edge-config': z.infer<typeof edgeConfig>;
  }
}

/** A Kubernetes that Plumbline provisions on this machine. */
export const declaration: ProviderDeclaration<'embedded'> = {
  name: 'embedded',
  order: 10,
  schema: embedded,
  environmentKinds: ['local'],
  provisions: OWN_INSTANCES,
  traits: ({ embedded: name, size }) => ({
    ownedByUs: true,
    asProvisioned: true,
    instance: name,
    onThisMachine: name,
    size,
    // Controls remove metrics-server.
    systemNamespaces: ['kube-system'],
  }),
  resized: (cluster, size) => ({ ...cluster, size }),
  findings: ({ embedded: found }, { name: allowed }) => {
    const message = 'an instance is named like its environment';
    return found === allowed ? [] : [{ path: ['cluster', 'embedded'], message, found, allowed }];
  },
  rollbacks: {
    'link-up': { schema: link, endsWithBoot: true },
    'node-start': { schema: node, endsWithBoot: true },
    'api-servers': { schema: apiServers },
    'edge-config': { schema: edgeConfig },
  },
};
