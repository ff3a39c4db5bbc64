import { isIP } from 'node:net';
import { z } from 'zod';
import { heldTo } from '../host/json.ts';
import { errorText } from '../reports/record/error-text.ts';
import type { Cut, Fault, FaultContext, FaultMember, Preparation } from './_common/fault.ts';
import { injectInto } from './_common/inject.ts';
import { needsNode } from './_common/refusal.ts';
import { BY_POD_ON_NODE } from './_common/right.ts';
import type { Right } from './_common/right.ts';

const TABLE = 'plumbline_partition';

/** Which Services lead to the store, and where the API server is found, for `also: api`. */
const ADDRESSES: readonly Right[] = [
  { verbs: ['get'], group: '', resource: 'services', where: 'everywhere', names: ['kubernetes'] },
  { verbs: ['list'], group: '', resource: 'services', where: 'everywhere' },
  { verbs: ['list'], group: 'discovery.k8s.io', resource: 'endpointslices', where: 'everywhere' },
];

declare module './_common/fault.ts' {
  interface FaultNames {
    partition: true;
  }
}

/**
 * Cuts the member off from its peers: packets in both directions are dropped, at all addresses of their pods and of the Services that lead to
 * them, while clients still reach the member. With `also: api` it does not reach the API server either, through which some stores elect
 * their leader.
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
  rights: [...BY_POD_ON_NODE, ...ADDRESSES],
  refusal: needsNode('partition'),
  inject: async (ctx) => {
    const api = ctx.also.includes('api') ? await apiServers(ctx) : [];
    const services = await servicesOf(ctx);
    return injectInto(ctx, 'partition', (member, all) => prepare(ctx, { member, all, api, services }));
  },
};

interface Aim {
  member: FaultMember;
  all: readonly FaultMember[];
  api: readonly Cut[];
  /** Why they are not known, where they cannot be read. */
  services: readonly Service[] | string;
}

/** Targets of one fault are not cut off from each other: a majority that is cut off can still form a quorum. */
async function prepare(ctx: FaultContext, { member, all, api, services }: Aim): Promise<Preparation> {
  const others = [...ctx.members, ...(ctx.otherPeers ?? [])].filter(
    ({ name }) => !all.some((one) => one.name === name),
  );
  const reason = whyNot(member, others);
  if (reason !== null) return { reason };
  const known = typeof services === 'string' ? [] : services.filter((one) => mayLead(one, member, others));
  const cuts = [...others.flatMap(cutsOf), ...known.flatMap(cutsOf)];
  const prepared = await ctx.injector.cut(member, [...cuts.filter(sendableBy(member)), ...api], TABLE);
  return 'act' in prepared && typeof services === 'string'
    ? { ...prepared, found: `${prepared.found}; no Service, since they cannot be read: ${services}` }
    : prepared;
}

function whyNot(member: FaultMember, others: readonly FaultMember[]): string | null {
  if (member.hostNetwork === true)
    return `${member.name} uses the network of its node (hostNetwork): to cut it off would cut off everything on ${member.node ?? 'the node'}`;
  if (others.length === 0) return `${member.name} has no peers`;
  const lacking = others.filter((one) => !cutsOf(one).some(sendableBy(member))).map(({ name }) => name);
  return lacking.length === 0
    ? null
    : `no IP address is known for ${lacking.join(', ')}, so its packets cannot be dropped`;
}

/** A Service with its own addresses and those of the pods behind it, ready or not. */
interface Service {
  name: string;
  ips: readonly string[];
  behind: readonly string[];
  /** Values of the labels that it selects pods by. */
  selects: readonly string[];
}

/**
 * Whether packets to the Service may end at a peer. One that leads to the member alone may lead to a peer once another member leads, so the
 * member loses what it asks of itself through it, too. The exception is a Service of this very pod, which selects it by its name.
 */
function mayLead({ behind, selects }: Service, member: FaultMember, peers: readonly FaultMember[]): boolean {
  const leadsTo = (one: FaultMember): boolean => addressesOf(one).some((address) => behind.includes(address));
  return peers.some(leadsTo) || (leadsTo(member) && !selects.includes(member.name));
}

type Addressed = Pick<FaultMember, 'name' | 'ip' | 'ips'>;

/** A pod of a dual-stack cluster has an address of each family. */
function addressesOf({ ip, ips = [] }: Addressed): readonly string[] {
  return ips.length > 0 || ip === undefined || ip === null ? ips : [ip];
}

function cutsOf(of: Addressed): Cut[] {
  return addressesOf(of).map((address) => ({ name: of.name, address }));
}

/** Without an address of the same family the member sends no packet there, and none would prove that it was dropped. */
function sendableBy(member: FaultMember): (cut: Cut) => boolean {
  const families = addressesOf(member).map(isIP);
  return ({ address }) => families.length === 0 || families.includes(isIP(address));
}

const port = z.object({ port: z.number() });
const apiService = z.object({
  spec: z.object({ clusterIPs: z.array(z.string()).optional(), ports: z.array(port) }),
});
const labels = z.record(z.string(), z.string()).nullish();
const services = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ clusterIPs: z.array(z.string()).nullish(), selector: labels }),
    }),
  ),
});
const SERVICE_NAME = 'kubernetes.io/service-name';
/** The API server writes null for an empty list, and for a port that stands for all ports. */
const slices = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ labels }).optional(),
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

/**
 * The Services of the store's namespace that have an address of their own. In the member's network namespace a packet still carries that
 * address: it is replaced by a pod's outside (kube-proxy).
 * @returns why they cannot be read, where the API server refuses
 */
async function servicesOf(ctx: FaultContext): Promise<Service[] | string> {
  const { namespace } = ctx;
  try {
    const found = await read(ctx, `/api/v1/namespaces/${namespace}/services`, services);
    const ends = await read(ctx, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, slices);
    return found.items.map(({ metadata: { name }, spec: { clusterIPs, selector } }) => ({
      name,
      ips: (clusterIPs ?? []).filter((address) => isIP(address) !== 0), // a headless one has "None"
      behind: ends.items
        .filter(({ metadata }) => metadata?.labels?.[SERVICE_NAME] === name)
        .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)),
      selects: Object.values(selector ?? {}),
    }));
  } catch (error) {
    return errorText(error);
  }
}

/** The addresses at which pods reach the API server: its Service, and the servers behind it, which some clients use directly. */
async function apiServers(ctx: FaultContext): Promise<Cut[]> {
  const service = await read(ctx, '/api/v1/namespaces/default/services/kubernetes', apiService);
  const selector = encodeURIComponent(`${SERVICE_NAME}=kubernetes`);
  const { items } = await read(
    ctx,
    `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=${selector}`,
    slices,
  );
  const ofServers = items.flatMap(({ endpoints, ports }) =>
    (endpoints ?? [])
      .flatMap(({ addresses }) => addresses)
      .map((address) => ({ address, ports: (ports ?? []).flatMap((one) => one.port ?? []) })),
  );
  const servicePorts = service.spec.ports.map((one) => one.port);
  const ofService = (service.spec.clusterIPs ?? []).map((address, at): Cut => ({
    name: `kubernetes-${at}`,
    address,
    ports: servicePorts,
    behind: ofServers.flatMap((server) => (isIP(server.address) === isIP(address) ? server.address : [])),
  }));
  return [
    ...ofService,
    ...ofServers.map(({ address, ports }, at): Cut => ({
      name: `api-server-${at}`,
      address,
      ports,
    })),
  ];
}
