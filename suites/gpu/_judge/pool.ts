import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
/** What the judges of devices share: declarations, what was seen of the pool, and the table of the report. */
import type { GpuDetail } from '../../../reports/record/details/gpu-detail.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { HeaderSettings } from '../../../reports/record/settings.ts';
import { atMost } from '../../../reports/record/at-most.ts';
import { all, last } from '../../../reports/judge/observed.ts';
import { range, within } from '../../../reports/judge/topology/declared.ts';
import type { DeclaredPool } from '../../../reports/judge/topology/declared.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { notePassing } from '../../../reports/judge/topology/nodes.ts';

export type DeclaredGpu = NonNullable<HeaderSettings['gpu']>;
export type DeviceSample = Seen<'gpu-series'>['samples'][number];

/** @throws Error when the header declares none: the check is not planned then */
export function declaredGpu({ settings }: HistoryHeader): DeclaredGpu {
  if (settings.gpu === undefined) throw new Error('the history declares no gpu');
  return settings.gpu;
}

/** @throws Error when the header declares none */
export function declaredPool(header: HistoryHeader): DeclaredPool {
  const { pool } = declaredGpu(header);
  const found = (header.settings.pools ?? []).find(({ name }) => name === pool);
  if (found === undefined) throw new Error(`the history declares no pool ${pool}`);
  return found;
}

/** In the words of kube-scheduler, in which each node has its reason: other schedulers have words of their own, which say nothing here. */
const BY_KUBE_SCHEDULER = /^\d+\/\d+ nodes are available\b|\bInsufficient \S/;

/** Why the scheduler refused a pod, held against the reason that was expected. */
export function expectReason(
  findings: Findings,
  of: { subject: string; isRight: boolean; expected: string; message: string },
): void {
  const { subject, isRight, expected, message } = of;
  if (isRight || BY_KUBE_SCHEDULER.test(message)) findings.expect(subject, isRight, expected, message);
  else findings.unknown(subject, expected, message);
}

export const gpuOf = ({ header }: History): DeclaredGpu => declaredGpu(header);

/** Whether the check may start pods of its own here. */
export const mayWrite = ({ settings }: HistoryHeader): boolean => settings.writes === true;

/** Each node once, as it was seen first: before the check took anything. */
export function nodesOf(history: History): Seen<'gpu-node'>[] {
  const first = new Map<string, Seen<'gpu-node'>>();
  for (const node of all(history, 'gpu-node')) if (!first.has(node.name)) first.set(node.name, node);
  return [...first.values()];
}

export function poolNodesOf(history: History): Seen<'gpu-node'>[] {
  return nodesOf(history).filter(({ pool }) => pool);
}

/** Allocatable devices of a node; 0 where the node does not know the resource. */
export function offeredBy({ allocatable }: Seen<'gpu-node'>): number {
  return allocatable ?? 0;
}

/** Every node of the pool must offer what is declared. */
export function expectOffers(history: History, findings: Findings): void {
  findings.rule('offers');
  notePassing(history, findings);
  const { pool } = gpuOf(history);
  const { count } = declaredPool(history.header);
  const nodes = poolNodesOf(history);
  if (nodes.length < count.min)
    findings.absent(
      `nodes of pool ${pool} beyond the first ${nodes.length}`,
      `at least ${count.min} nodes in all`,
    );
  for (const { node, subject, ok, expected, seen } of offersOf(history)) {
    const claims = claimsOn(history, node);
    // Devices that are given through claims are no extended resource of the node.
    if (ok || claims.length === 0) findings.expect(subject, ok, expected, seen);
    else findings.unknown(subject, expected, `${seen}, and pods with ResourceClaims: ${claimsText(claims)}`);
  }
}

type Claim = Seen<'gpu-claim'>;

/** Each claim of each pod once, as it was seen last. */
export function claimsOf(history: History): Claim[] {
  return [...new Map(all(history, 'gpu-claim').map((one) => [`${one.claim} ${one.pod}`, one])).values()];
}

/** Claims on a node that hold devices of the pool, or may. */
const claimsOn = (history: History, node: string | null): Claim[] =>
  claimsOf(history).filter((one) => one.node === node);

function claimsText(claims: readonly Claim[]): string {
  const texts = claims.map(({ claim, devices, detail }) => `${claim} (${devices?.join(', ') ?? detail})`);
  return atMost(texts, MOST_CLAIMS).join('; ');
}

const MOST_CLAIMS = 3;

/** For checks that are not about the offers: on a pool that is not as declared they prove nothing. */
export function needPool(history: History, findings: Findings): void {
  findings.rule('pool');
  const { pool } = gpuOf(history);
  const { count } = declaredPool(history.header);
  const nodes = poolNodesOf(history).length;
  if (!within(nodes, count)) findings.unknown(`nodes of pool ${pool}`, range(count), String(nodes));
  for (const { subject, ok, expected, seen } of offersOf(history))
    if (ok) findings.expect(subject, ok, expected, seen);
    else findings.unknown(subject, expected, seen);
}

interface Offer {
  node: string;
  subject: string;
  ok: boolean;
  expected: string;
  seen: string;
}

function offersOf(history: History): Offer[] {
  const { resource, devicesPerNode } = gpuOf(history);
  return poolNodesOf(history).map((node) => {
    const offers = offeredBy(node);
    return {
      node: node.name,
      subject: `node ${node.name}`,
      ok: offers === devicesPerNode && node.ready,
      expected: `${devicesPerNode} ${resource} allocatable`,
      seen: `${offers}${node.ready ? '' : ', not Ready'}`,
    };
  });
}

/** The requests on each node must be recorded once per look. */
export function needCounts(history: History, findings: Findings, looks: number): void {
  findings.rule('counted');
  for (const { name } of poolNodesOf(history)) {
    const counted = all(history, 'gpu-requested').filter(({ node }) => node === name).length;
    const [subject, expected] = [`requests on node ${name}`, `counted ${looks} times`];
    if (counted < looks) findings.unknown(subject, expected, `${counted} times`);
    else findings.expect(subject, true, expected, `${counted} times`);
  }
  needGiven(history, findings);
}

/** The check's own pods must have as many devices as they asked for, and no more of them one device than may share it: other numbers prove nothing. */
function needGiven(history: History, findings: Findings): void {
  const { sharedBy } = gpuOf(history);
  const holders = new Map<string, number>();
  for (const { pod, asked, devices, node } of all(history, 'gpu-pod')) {
    for (const device of new Set(devices)) {
      const key = `${device} of ${node ?? 'no node'}`;
      holders.set(key, (holders.get(key) ?? 0) + 1);
    }
    if (devices !== null && !isTold(history, { asked, devices }))
      findings.unknown(`pod ${pod}`, `given ${asked} devices`, devices.join(', ') || 'none');
  }
  for (const [device, count] of holders)
    if (count > sharedBy)
      findings.unknown(`holders of device ${device}`, `at most ${sharedBy}`, String(count));
}

/** A container must be given as many devices as it requests, each named once; slices of one shared device may have one name. */
export function isTold(history: History, { asked, devices }: { asked: number; devices: string[] }): boolean {
  const told = new Set(devices).size;
  const enough = gpuOf(history).kind === 'shared' ? told >= 1 && told <= asked : told === asked;
  return enough && told === devices.length;
}

/** Devices that these pods request. */
export const sumOf = (holders: Seen<'gpu-requested'>['holders']): number =>
  holders.reduce((sum, { asked }) => sum + asked, 0);

/** Devices requested on a node when it was looked at last; null: it never was. */
export function requestedLast(history: History, name: string): number | null {
  const seen = all(history, 'gpu-requested').findLast(({ node }) => node === name);
  return seen === undefined ? null : sumOf(seen.holders);
}

/** The check's own pods must request exactly what was free before it. */
export function needAllTaken(history: History, findings: Findings): void {
  const { devicesPerNode } = gpuOf(history);
  const free = poolNodesOf(history).reduce((sum, { name }) => {
    const before = all(history, 'gpu-requested').find(({ node }) => node === name)?.holders ?? [];
    return sum + Math.max(0, devicesPerNode - sumOf(before));
  }, 0);
  const taken = all(history, 'gpu-pod').filter(({ state }) => state === 'ready');
  const asked = taken.reduce((sum, one) => sum + one.asked, 0);
  const expected = `all ${free} that were free`;
  if (asked === free) findings.expect('devices taken', true, expected, String(asked));
  else findings.unknown('devices taken', expected, String(asked));
}

/** A pod that requested devices and has none is a failure, unless something else may be the reason: then it is unknown. */
export function expectHolders(history: History, findings: Findings): void {
  findings.rule('held');
  for (const one of all(history, 'gpu-pod')) {
    const { pod, asked, state, detail } = one;
    const expected = `ready, with ${asked} devices`;
    const excuse = state === 'ready' ? null : excuseOf(history, one);
    if (excuse !== null) findings.unknown(`pod ${pod}`, expected, excuse);
    else findings.expect(`pod ${pod}`, state === 'ready', expected, `${state}: ${detail}`);
  }
}

/**
 * Why a pod may have no device although devices are given as they should be: others hold them all, the scheduler was told to use none of a node's,
 * the pool is scaled to zero, its node has no image for it yet, or the pod asked for several that a node does not give at once. null: there is no such reason.
 */
function excuseOf(history: History, { asked, state, node, detail }: Seen<'gpu-pod'>): string | null {
  const seen = `${state}: ${detail}`;
  if (state === 'waiting' && node !== null && mayBePulling(detail)) return `${seen}, on ${node}`;
  const claims = claimsOf(history);
  if (all(history, 'gpu-busy').length > 0) return seen;
  const nowhere = whyNowhere(history, state);
  if (nowhere !== null) return `${detail} (${nowhere})`;
  if (state === 'failed' && asked > 1 && mayRefuseSeveral(history, detail))
    return `${seen}; a request for several may be refused`;
  return claims.length > 0 ? `${seen}; claims may hold the devices: ${claimsText(claims)}` : null;
}

/** Why the scheduler may find no node though devices are given as they should be. */
function whyNowhere(history: History, state: Seen<'gpu-pod'>['state']): string | null {
  if (state !== 'refused') return null;
  const cordoned = cordonedText(history);
  if (cordoned !== null) return cordoned;
  return isScaledToZero(history) ? 'the pool may be scaled to zero' : null;
}

/** Which nodes of the pool are cordoned; null: none. */
function cordonedText(history: History): string | null {
  const cordoned = poolNodesOf(history).flatMap((one) => (one.cordoned === true ? [one.name] : []));
  return cordoned.length === 0 ? null : `cordoned: ${cordoned.join(', ')}`;
}

/** While its image is pulled a container is being created, and kubelet says no more. Where its events say something else, the detail is that. */
const mayBePulling = (detail: string): boolean => isAboutImage(detail) || /^ContainerCreating\b/.test(detail);

/** Whether kubelet cannot get the image of a container: `ErrImagePull`, `ImagePullBackOff`, `InvalidImageName`, `RegistryUnavailable`. */
export const isAboutImage = (detail: string): boolean => /^(\w*Image\w*|Registry\w*)\b/.test(detail);

/**
 * A plugin may refuse requests for more than one share (MPS, failRequestsGreaterThanOne), and kubelet those that its topology policy cannot align.
 * The declaration says neither.
 */
function mayRefuseSeveral(history: History, detail: string): boolean {
  return gpuOf(history).kind === 'shared' || detail.includes('TopologyAffinityError');
}

/** No node is there, and none has to be. */
function isScaledToZero(history: History): boolean {
  return poolNodesOf(history).length === 0 && declaredPool(history.header).count.min === 0;
}

/**
 * No device may be allocated to two claims, unless its allocation says that it is shared; pods that use one claim share what it was allocated.
 * Names of devices that were given in another way cannot be compared with those.
 */
export function expectClaims(history: History, findings: Findings): void {
  if (gpuOf(history).claims === undefined) return;
  findings.rule('claims');
  const claims = claimsOf(history);
  for (const { claim, pod, devices, detail } of claims)
    if (devices === null)
      findings.unknown(`claim ${claim} of pod ${pod}`, 'the devices of its allocation', detail);
  const held = claims.flatMap(({ claim, devices, shared }) =>
    (devices ?? []).filter((one) => !shared.includes(one)).map((device) => ({ claim, device })),
  );
  for (const [device, holders] of Map.groupBy(held, (one) => one.device)) {
    const names = [...new Set(holders.map(({ claim }) => claim))];
    findings.expect(`device ${device}`, names.length <= 1, 'allocated to one claim', names.join(', '));
  }
  for (const node of new Set(claims.filter(({ devices }) => devices !== null).map((one) => one.node)))
    if (all(history, 'gpu-requested').some((one) => one.node === node && one.holders.length > 0))
      findings.unknown(
        `devices of node ${node}`,
        'names that can be compared',
        `some are requested as ${gpuOf(history).resource}, some through claims`,
      );
}

/** Why too few devices were free to show anything. */
export function noteBusy(history: History, findings: Findings): void {
  const [busy] = all(history, 'gpu-busy');
  if (busy === undefined) return;
  const cordoned = cordonedText(history);
  const seen = `${busy.free} of ${busy.offered}${cordoned === null ? '' : ` (${cordoned})`}`;
  findings.rule('free').unknown('free devices', `at least ${busy.needed} that no pod holds`, seen);
}

/** The judgement with the table of the pool, and a note if its devices are simulated. */
export function concludeWithPool(history: History, findings: Findings, expected: string): Judgement {
  const { resource, simulated, pool, kind = 'whole' } = gpuOf(history);
  if (simulated) findings.note('simulated devices');
  // Without a node every rule about nodes holds.
  if (poolNodesOf(history).length === 0)
    findings
      .rule('pool')
      .unknown(
        `nodes of pool ${pool}`,
        'at least one',
        isScaledToZero(history) ? 'none: it may be scaled to zero' : 'none',
      );
  const judgement = findings.conclude(expected);
  const gpu: GpuDetail = {
    resource,
    kind,
    simulated,
    nodes: nodeRows(history),
    devices: deviceRows(history),
  };
  return { ...judgement, gpu };
}

function nodeRows(history: History): GpuDetail['nodes'] {
  return nodesOf(history).map(({ name, pool, allocatable }) => {
    return { node: name, pool, offers: allocatable, requested: requestedLast(history, name) };
  });
}

/** Rows by what Prometheus says, which is more; without it, by what containers were given. */
function deviceRows(history: History): GpuDetail['devices'] {
  const told = all(history, 'gpu-pod').flatMap(({ pod, node, devices }) =>
    (devices ?? []).map((device) => ({ node: node ?? '', device, pod, utilisation: null })),
  );
  const maximum = gpuOf(history).metrics?.maximum ?? 1;
  const measured = (last(history, 'gpu-series')?.samples ?? []).map(({ node, device, pod, value }) => ({
    node,
    device,
    pod,
    utilisation: value === null ? null : value / maximum,
  }));
  return measured.length > 0 ? measured : told;
}

/** As many nodes of the pool as are declared at least. */
export const nodesDeclared = (header: HistoryHeader): AnyNeed =>
  need('gpu-node', {
    count: declaredPool(header).count.min,
    where: ({ pool }) => pool,
    what: 'nodes of the pool',
  });

/** The requests on these nodes, from each look. */
export const requestsSeen = (header: HistoryHeader, looks: number): AnyNeed =>
  need('gpu-requested', { count: declaredPool(header).count.min * looks, what: 'requests of nodes' });
