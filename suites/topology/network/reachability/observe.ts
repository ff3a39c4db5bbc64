import { isIPv6 } from 'node:net';
import { canaryImage, refOf } from '../../_objects/canary.ts';
import { listNodes, listPods, NO_NODE, podsOf, setting } from '../../_objects/declared.ts';
import { recordEvidence } from '../../_objects/evidence.ts';
import { recordIsolation } from '../../_objects/isolation.ts';
import { whyNoPods } from '../../_objects/refused-pods.ts';
import { sampleOf } from '../../_objects/sample.ts';
import { conditionTrue, isVirtual, nodeOf } from '../../_objects/shapes.ts';
import type { NodeObject, PodObject, WorkloadObject } from '../../_objects/shapes.ts';
import type { Topology } from '../../../../env/schema.ts';
import { lookUntil } from '../../../../host/wait.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { SERVER, probeCommand, probeLastsMs, reachObjects, readProbe } from './reach.ts';
import type { Peer, ProbeLine } from './reach.ts';
import { errorText } from '../../../../reports/record/error-text.ts';
import type { FAMILIES } from '../../../../reports/record/observations/topology.ts';
import type { Fields } from '../../../../reports/record/observations/index.ts';

const LOOK_EVERY_MS = 1000;

export async function observe(ctx: CheckContext): Promise<void> {
  const network = setting(ctx, 'network');
  const nodes = await ctx.step('list the nodes', () => listNodes(ctx));
  await ctx.step('look for the declared network plugin', () => recordPlugin(ctx, network, nodes));
  const image = await ctx.step('choose the image of the canaries', () => canaryImage(ctx));
  if (image === null) {
    ctx.unavailable(
      'an image for canaries',
      'declare network.probeImage: no declared workload with `serves: true` exists whose image could be used',
    );
    return;
  }

  const sample = sampleOf(nodes.map((node) => node.metadata.name).sort());
  ctx.record('reach-plan', { nodes: sample });
  if (sample.length === 0) {
    ctx.unavailable('a node to probe from', NO_NODE);
    return;
  }
  const objects = reachObjects(ctx, { image, nodes: sample });
  try {
    const pods = await ctx.step(`start one server on each of ${sample.length} nodes`, () =>
      startServers(ctx, { objects, nodes: sample }),
    );
    recordAddresses(ctx, nodes, pods);
    recordFamilies(ctx, pods);
    const address = await serviceAddress(ctx, objects[0]?.metadata.namespace ?? '');
    if (address === null) {
      ctx.unavailable(`the address of Service ${SERVER}`, 'the Service has no cluster IP');
      return;
    }
    const domain = network?.clusterDomain ?? 'cluster.local';
    const lost = await ctx.step('let every pod call every other pod, the Service and the DNS', () =>
      Promise.all(pods.map((pod) => probeFrom(ctx, pod, { pods, address, domain }))),
    );
    if (lost.includes(true)) await lookForPolicies(ctx, pods);
    // After the probes: a slow answer says little about a clock.
    await ctx.step('measure how far the clocks of the nodes are off', () => measureClocks(ctx, pods));
  } finally {
    await ctx.step('remove the servers', () => removeServers(ctx, objects));
  }
}

async function lookForPolicies(ctx: CheckContext, [pod]: readonly PodObject[]): Promise<void> {
  const { namespace = '', labels } = pod?.metadata ?? {};
  await ctx.step('look for NetworkPolicies that isolate the pods', () =>
    recordIsolation(ctx, namespace, labels),
  );
}

/** Null for a Service without a cluster IP: no request can go through it, and its name has nothing to resolve to. */
async function serviceAddress(ctx: CheckContext, namespace: string): Promise<string | null> {
  const { items } = await ctx.cluster.list({ kind: 'v1/Service', namespace });
  const found = items.find((one) => one.metadata.name === SERVER);
  const { clusterIP = '' } = found?.spec ?? {};
  return clusterIP === '' || clusterIP === 'None' ? null : clusterIP;
}

/** A node that has just joined still starts the plugin, and an update of the plugin replaces its pods: both are given `settle`. */
async function recordPlugin(
  ctx: CheckContext,
  network: Topology['network'],
  nodes: readonly NodeObject[],
): Promise<void> {
  const declared = network?.cni.daemonSet;
  if (declared === undefined) return;
  const seen = await lookUntil(
    () => lookAtPlugin(ctx, declared, nodes),
    (now) => {
      const unready = now?.unready ?? [];
      return !nodes.some(({ metadata }) => unready.includes(metadata.name));
    },
    { deadlineMs: ctx.timeoutMs('settle'), intervalMs: LOOK_EVERY_MS, signal: ctx.signal },
  );
  if (seen !== null) ctx.record('cni-daemonset', seen);
}

/** null: it is not there, or could not be read. @param own the nodes to look at */
async function lookAtPlugin(
  ctx: CheckContext,
  declared: { namespace: string; name: string },
  own: readonly NodeObject[],
): Promise<Fields<'cni-daemonset'> | null> {
  const found = await ctx.cluster.items({ kind: 'apps/v1/DaemonSet' });
  const isIt = ({ metadata }: WorkloadObject) =>
    metadata.name === declared.name && metadata.namespace === declared.namespace;
  const status = found?.find(isIt)?.status;
  if (status === undefined) return null;
  const { numberReady: ready = 0, desiredNumberScheduled: wanted = 0 } = status;
  const every = await listPods(ctx);
  const nodes = await ctx.cluster.items({ kind: 'v1/Node' });
  if (every === null || nodes === null) return { ready, wanted };
  const pods = podsOf({ workload: { kind: 'DaemonSet', ...declared } }, every);
  const unready = pods.filter((pod) => !conditionTrue(pod.status.conditions, 'Ready')).flatMap(nodesOf);
  const without = withoutPod({ pods, nodes, own, wanted });
  return { ready, wanted, unready: [...unready, ...without].sort() };
}

const nodesOf = (pod: PodObject): string[] => [nodeOf(pod)].filter((name) => name !== undefined);

/**
 * The nodes to look at that have no pod of a DaemonSet, where one of them must have it. Of all nodes together as many as `wanted` must, and which ones
 * is for the DaemonSet to say; those that are not looked at may be the ones that have none. A virtual node without a pod is none that must have it: a DaemonSet makes a pod for each
 * node that it is meant for, also where nothing can run it.
 */
function withoutPod(of: {
  pods: readonly PodObject[];
  nodes: readonly NodeObject[];
  own: readonly NodeObject[];
  wanted: number;
}): string[] {
  const having = new Set(of.pods.flatMap(nodesOf));
  const real = of.nodes.filter((node) => !isVirtual(node) || having.has(node.metadata.name));
  const names = real.map(({ metadata }) => metadata.name);
  const empty = names.filter((name) => !having.has(name));
  const own = empty.filter((name) => of.own.some(({ metadata }) => metadata.name === name));
  const lacking = of.wanted - (names.length - empty.length);
  return lacking > empty.length - own.length ? own : [];
}

/** Records the addresses that the plugin gave to our own pods, one on every sampled node. */
function recordAddresses(ctx: CheckContext, nodes: readonly NodeObject[], pods: readonly PodObject[]): void {
  if (setting(ctx, 'network')?.cni.daemonSet !== undefined) return;
  for (const { spec, status } of pods) {
    const node = nodes.find(({ metadata }) => metadata.name === spec.nodeName);
    if (node === undefined || status.podIP === undefined) continue;
    const { podCIDRs, podCIDR } = node.spec;
    const podCidrs = podCIDRs ?? (podCIDR === undefined ? [] : [podCIDR]);
    ctx.record('pod-address', { node: node.metadata.name, ip: status.podIP, podCidrs });
  }
}

/** Applies the servers and waits for them. Nodes whose server does not get ready are recorded as silent. */
async function startServers(
  ctx: CheckContext,
  of: { objects: ReturnType<typeof reachObjects>; nodes: string[] },
): Promise<PodObject[]> {
  await ctx.cluster.apply(of.objects);
  const query = {
    kind: 'v1/Pod',
    namespace: of.objects[0]?.metadata.namespace ?? '',
    labels: { 'app.kubernetes.io/name': SERVER },
  } as const;
  const waited = await ctx.cluster
    .wait({ ...query, until: 'ready', count: of.nodes.length, timeoutMs: ctx.timeoutMs('podReady') })
    .catch((error: unknown) => ({ items: [] as PodObject[], unavailable: errorText(error) }));
  if (waited.unavailable === undefined) return waited.items.filter((pod) => pod.spec.nodeName !== undefined);

  const all = (await ctx.cluster.list(query)).items;
  const ready = all.filter(
    (pod) =>
      pod.status.podIP !== undefined &&
      (pod.status.containerStatuses ?? []).every((status) => status.ready === true),
  );
  const missing = of.nodes.filter((node) => !ready.some((pod) => pod.spec.nodeName === node));
  const [set] = of.objects;
  const refused = set === undefined ? null : await whyNoPods(ctx, set);
  for (const node of missing) {
    // Of a pod that is there nobody refused to make one.
    const isThere = all.some((pod) => nodesOf(pod).includes(node));
    const why = isThere ? waited.unavailable : (refused ?? waited.unavailable);
    ctx.record('reach-silent', {
      node,
      reason: `the server pod on this node did not become ready: ${why}`,
    });
  }
  await recordEvidence(
    ctx,
    all.filter((pod) => !ready.includes(pod)),
  );
  return ready;
}

const addressesOf = ({ status: { podIP = '', podIPs = [{ ip: podIP }] } }: PodObject): string[] =>
  podIPs.flatMap(({ ip = '' }) => (ip === '' ? [] : [ip]));

const familyOf = (ip: string): (typeof FAMILIES)[number] => (isIPv6(ip) ? 'IPv6' : 'IPv4');

/** Those of its addresses, its own first: two where the cluster is dual-stack. */
const familiesOf = (pod: PodObject): (typeof FAMILIES)[number][] => addressesOf(pod).map(familyOf);

/** Of pods with more than one: without a record each is called by its only address. */
function recordFamilies(ctx: CheckContext, pods: readonly PodObject[]): void {
  for (const pod of pods) {
    const families = familiesOf(pod);
    if (families.length > 1) ctx.record('reach-families', { node: pod.spec.nodeName ?? '', families });
  }
}

/** Every address of a pod, the further ones only where the one that calls has an address of that family. */
function peersOf(from: PodObject, to: PodObject): Peer[] {
  const own = familiesOf(from);
  const [first = '', ...others] = addressesOf(to);
  const further = others.filter((ip) => own.includes(familyOf(ip)));
  const node = to.spec.nodeName ?? '';
  return [{ kind: 'pair', node, ip: first }, ...further.map((ip): Peer => ({ kind: 'also', node, ip }))];
}

/** @returns whether it lost a request */
async function probeFrom(
  ctx: CheckContext,
  from: PodObject,
  to: { pods: PodObject[]; address: string; domain: string },
): Promise<boolean> {
  const node = from.spec.nodeName ?? '';
  const namespace = from.metadata.namespace ?? '';
  const timeoutMs = ctx.timeoutMs('podToPod');
  // Each begins with another one, so that no pod answers the bursts of all others at a time.
  const at = to.pods.indexOf(from);
  const peers = [...to.pods.slice(at + 1), ...to.pods.slice(0, at)].flatMap((pod) => peersOf(from, pod));
  const command = probeCommand({
    timeoutMs,
    nodes: to.pods.map((pod) => pod.spec.nodeName ?? ''),
    peers,
    service: to.address,
    name: `${SERVER}.${namespace}.svc.${to.domain}`,
    outside: setting(ctx, 'network')?.outsideNames ?? [],
  });
  try {
    const result = await ctx.cluster.exec({
      namespace,
      pod: from.metadata.name,
      container: SERVER,
      command,
      timeoutMs: probeLastsMs(timeoutMs, peers.length) + ctx.timeoutMs('apiRequest'),
    });
    const lines = readProbe(result.stdout);
    for (const line of lines) recordReached(ctx, node, { ...line, peers });
    if (result.code !== 0)
      ctx.record('reach-silent', {
        node,
        reason: `the probe exited with ${result.code}: ${result.stderr.slice(-200)}`,
      });
    return lines.some(({ ok, lost }) => !ok || lost > 0);
  } catch (error) {
    ctx.record('reach-silent', { node, reason: errorText(error) });
    return false;
  }
}

function recordReached(
  ctx: CheckContext,
  from: string,
  { kind, to, firstMs, peers, ...rest }: ProbeLine & { peers: readonly Peer[] },
): void {
  const { asked, lost, detail } = rest;
  const further = peers.find((peer) => kind.endsWith('also') && peer.kind === 'also' && peer.node === to);
  const family = further !== undefined && { family: familyOf(further.ip) };
  if (kind.endsWith('also') && further === undefined) return;
  if (kind === 'pair' || kind === 'also') ctx.record('reach-pair', { from, to, firstMs, ...rest, ...family });
  else if (kind === 'burst-pair' || kind === 'burst-also')
    ctx.record('reach-burst', { from, to, asked, lost, detail, ...family });
  else if (kind === 'outside') ctx.record('reach-outside', { from, name: to, ...rest });
  else ctx.record(kind === 'dns' ? 'reach-dns' : 'reach-service', { from, ...rest });
}

async function measureClocks(ctx: CheckContext, servers: readonly PodObject[]): Promise<void> {
  const { id: check, trial } = ctx;
  const pods = servers.map(({ metadata: { name, namespace = '' }, spec: { nodeName = '' } }) => ({
    node: nodeName,
    namespace,
    pod: name,
    container: SERVER,
  }));
  await ctx.runner.call('clocks.nodes', { check, trial, pods });
}

async function removeServers(ctx: CheckContext, objects: ReturnType<typeof reachObjects>): Promise<void> {
  await ctx.cluster.remove(objects.map(refOf));
  const query = {
    kind: 'v1/Pod',
    namespace: objects[0]?.metadata.namespace ?? '',
    labels: { 'app.kubernetes.io/name': SERVER },
  };
  await ctx.cluster.wait({ ...query, until: 'gone', count: 0, timeoutMs: ctx.timeoutMs('podGone') });
}
