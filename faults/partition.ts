import { z } from 'zod';
import { heldTo } from '../host/json.ts';
import type { Cut, Fault, FaultContext, FaultMember, Preparation } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';
import { BY_POD_ON_NODE } from './_common/right.ts';
import type { Right } from './_common/right.ts';

const TABLE = 'plumbline_partition';

/** Where the API server is found, for `also: api`. */
const API_SERVERS: readonly Right[] = [
  { verbs: ['get'], group: '', resource: 'services', where: 'everywhere', names: ['kubernetes'] },
  { verbs: ['list'], group: 'discovery.k8s.io', resource: 'endpointslices', where: 'everywhere' },
];

declare module './_common/fault.ts' {
  interface FaultNames {
    partition: true;
  }
}

/**
 * Cuts the member off from its peers: packets in both directions are dropped, while clients still reach the member. With `also: api`
 * it does not reach the API server either, through which some stores elect their leader.
 */
export const fault: Fault = {
  id: 'partition',
  order: 50,
  title: 'the leader cut off from its peers',
  ofLeader: 'the leader cut off from its peers',
  heals: false,
  anyPod: false,
  needsAnother: true,
  also: ['api'],
  rights: [...BY_POD_ON_NODE, ...API_SERVERS],
  refusal: needsNode('partition'),
  inject: async (ctx) => {
    const api = ctx.also.includes('api') ? await apiServers(ctx) : [];
    return injectInto(ctx, 'partition', (member, all) => prepare(ctx, { member, all, api }));
  },
};

/** Targets of one fault are not cut off from each other: a majority that is cut off can still form a quorum. */
function prepare(
  ctx: FaultContext,
  { member, all, api }: { member: FaultMember; all: readonly FaultMember[]; api: Cut[] },
): Promise<Preparation> {
  const others = [...ctx.members, ...(ctx.otherPeers ?? [])].filter(
    ({ name }) => !all.some((one) => one.name === name),
  );
  const unknown = others.filter(({ ip }) => ip === undefined || ip === null);
  const peers = others.flatMap(({ name, ip }): Cut[] =>
    ip === undefined || ip === null ? [] : [{ name, address: ip }],
  );
  if (peers.length === 0 || unknown.length > 0) {
    const lacking = unknown.map(({ name }) => name).join(', ');
    const reason =
      unknown.length > 0
        ? `no IP address is known for ${lacking}, so its packets cannot be dropped`
        : `${member.name} has no peers`;
    return Promise.resolve({ reason });
  }
  return ctx.injector.cut(member, [...peers, ...api], TABLE);
}

const port = z.object({ port: z.number() });
const apiService = z.object({
  spec: z.object({ clusterIPs: z.array(z.string()).optional(), ports: z.array(port) }),
});
/** The API server writes null for an empty list, and for a port that stands for all ports. */
const slices = z.object({
  items: z.array(
    z.object({
      endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish(),
      ports: z.array(z.object({ port: z.number().nullish() })).nullish(),
    }),
  ),
});

/** @throws Error when the status is not 200, or the answer has an unexpected shape */
async function read<T>(ctx: FaultContext, path: string, schema: z.ZodType<T>): Promise<T> {
  const { status, body } = await ctx.kube({ method: 'GET', path, timeoutMs: ctx.timeoutMs('apiRequest') });
  if (status !== 200) throw new Error(`partition: the API server answered ${status} for ${path}`);
  return heldTo(schema, body, `partition: ${path}`);
}

/** The addresses at which pods reach the API server: its Service, and the servers behind it, which some clients use directly. */
async function apiServers(ctx: FaultContext): Promise<Cut[]> {
  const service = await read(ctx, '/api/v1/namespaces/default/services/kubernetes', apiService);
  const selector = encodeURIComponent('kubernetes.io/service-name=kubernetes');
  const { items } = await read(
    ctx,
    `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=${selector}`,
    slices,
  );
  const servicePorts = service.spec.ports.map((one) => one.port);
  const ofService = (service.spec.clusterIPs ?? []).map((address, at): Cut => ({
    name: `kubernetes-${at}`,
    address,
    ports: servicePorts,
  }));
  const ofServers = items.flatMap(({ endpoints, ports }) =>
    (endpoints ?? [])
      .flatMap(({ addresses }) => addresses)
      .map((address) => ({ address, ports: (ports ?? []).flatMap((one) => one.port ?? []) })),
  );
  return [
    ...ofService,
    ...ofServers.map(({ address, ports }, at): Cut => ({
      name: `api-server-${at}`,
      address,
      ports,
    })),
  ];
}
