/** What the judges of devices share: declarations, what was seen of the pool, and the table of the report. */
import type { GpuDetail } from '../../record/gpu-detail.ts';
import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { DeclaredPool } from '../topology/declared.ts';
import { list, number, seen, setting, text } from '../topology/findings.ts';
import type { Findings } from '../topology/findings.ts';

/** As much of the environment's `gpu` as judges need. */
export interface DeclaredGpu {
  resource: string;
  kind: GpuDetail['kind'];
  pool: string;
  devicesPerNode: number;
  sharedBy: number;
  simulated: boolean;
  plugin?: { namespace: string; name: string };
  metrics?: { series: string; maximum: number; perNode?: number; labels: { pod?: string } };
}

/** @throws Error when the history declares none: the check is not planned then */
export function gpuOf(history: History): DeclaredGpu {
  const gpu = setting(history, 'gpu') as DeclaredGpu | undefined;
  if (gpu === undefined) throw new Error('the history declares no gpu');
  return gpu;
}

export function poolOf(history: History): DeclaredPool {
  const pools = (setting(history, 'pools') ?? []) as DeclaredPool[];
  const found = pools.find(({ name }) => name === gpuOf(history).pool);
  if (found === undefined) throw new Error(`the history declares no pool ${gpuOf(history).pool}`);
  return found;
}

/** Each node once, as it was seen first: before the check took anything. */
export function nodesOf(history: History): Observation[] {
  const first = new Map<string, Observation>();
  for (const node of seen(history, 'gpu-node'))
    if (!first.has(text(node, 'name'))) first.set(text(node, 'name'), node);
  return [...first.values()];
}

export function poolNodesOf(history: History): Observation[] {
  return nodesOf(history).filter((node) => node['pool'] === true);
}

/** What the scheduler may give out of a node; 0 where the node does not know the resource. */
export function offeredBy(node: Observation): number {
  const allocatable = number(node, 'allocatable');
  return Number.isNaN(allocatable) ? 0 : allocatable;
}

/** Every node of the pool must offer what is declared. */
export function expectOffers(history: History, findings: Findings): void {
  const { resource, devicesPerNode } = gpuOf(history);
  const nodes = poolNodesOf(history);
  const { count } = poolOf(history);
  if (nodes.length < count.min)
    findings.absent(`nodes of pool ${gpuOf(history).pool} beyond ${nodes.length}`, `${count.min} nodes`);
  for (const node of nodes) {
    const offers = offeredBy(node);
    const ready = node['ready'] === true ? '' : ', not Ready';
    findings.expect(
      `node ${text(node, 'name')}`,
      offers === devicesPerNode && ready === '',
      `${devicesPerNode} ${resource} to give`,
      `${offers}${ready}`,
    );
  }
}

/** What is said of a pod that asked for devices and has none. Others may hold all of them: then nobody could see it. */
export function expectHolders(history: History, findings: Findings): void {
  const busy = seen(history, 'gpu-busy').length > 0;
  for (const pod of seen(history, 'gpu-pod')) {
    const state = text(pod, 'state');
    const subject = `pod ${text(pod, 'pod')}`;
    const expected = `ready, with ${number(pod, 'asked')} of the resource`;
    const found = state === 'ready' ? 'ready' : `${state}: ${text(pod, 'detail')}`;
    if (state !== 'ready' && busy) findings.unknown(subject, expected, found);
    else findings.expect(subject, state === 'ready', expected, found);
  }
}

/** Why too few devices were free to show anything. */
export function noteBusy(history: History, findings: Findings): void {
  const [busy] = seen(history, 'gpu-busy');
  if (busy === undefined) return;
  findings.unknown(
    'free devices',
    `${number(busy, 'needed')} that nobody holds`,
    `${number(busy, 'free')} of ${number(busy, 'offered')}`,
  );
}

/** The judgement with the table of the pool, and the word that its devices are simulated. */
export function concludeWithPool(history: History, findings: Findings, expected: string): Judgement {
  const { resource, kind, simulated } = gpuOf(history);
  if (simulated) findings.note('simulated devices');
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
  return nodesOf(history).map((node) => {
    const name = text(node, 'name');
    const asked = seen(history, 'gpu-requested').findLast((one) => text(one, 'node') === name);
    const offers = number(node, 'allocatable');
    return {
      node: name,
      pool: node['pool'] === true,
      offers: Number.isNaN(offers) ? null : offers,
      requested: asked === undefined ? null : number(asked, 'requested'),
    };
  });
}

/** One line of what Prometheus knows of a device. */
export interface Sample {
  device: string;
  node: string;
  pod: string | null;
  value: number | null;
  ageSeconds: number | null;
}

/** The last answer of Prometheus; undefined when it gave none. */
export function lastSeries(history: History): { samples: Sample[]; holder: string } | undefined {
  const last = seen(history, 'gpu-series').at(-1);
  if (last === undefined) return undefined;
  return { samples: list(last, 'samples') as Sample[], holder: text(last, 'holder') };
}

/** What containers were told, then what Prometheus says. */
function deviceRows(history: History): GpuDetail['devices'] {
  const told = seen(history, 'gpu-pod').flatMap((pod) =>
    (list(pod, 'devices') as string[]).map((device) => ({
      ...{ node: text(pod, 'node'), device, pod: text(pod, 'pod'), utilisation: null },
    })),
  );
  const maximum = gpuOf(history).metrics?.maximum ?? 1;
  const measured = (lastSeries(history)?.samples ?? []).map(({ node, device, pod, value }) => ({
    ...{ node, device, pod },
    utilisation: value === null ? null : value / maximum,
  }));
  // Where both are told, the measured row says more.
  return measured.length > 0 ? measured : told;
}
