import { z } from 'zod';
import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { askText } from '../../probes/asking.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { KubeCall } from '../provider-safety.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';
import { actsOnNodes, makesCanaries } from './own-objects.ts';
import { askRegistry, imageName } from './registry.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Images that pods of Plumbline would pull: whether they can be had is known without pulling only of some. */
export const images: Kind = { name: 'images', look };

interface Image {
  /** The key in the environment file. */
  key: string;
  image: string;
  needed: boolean;
}

async function look({ environment, running, reached, deadlineMs, signal }: Situation): Promise<Item[]> {
  const wanted = imagesOf(environment, running);
  if (wanted.length === 0) return [];
  const some = wanted.some(({ needed }) => needed);
  const there = some && reached !== null ? await imagesOn(reached.kube, deadlineMs) : null;
  const items = wanted.map(async (one) => {
    const what = textOf(one);
    if (!one.needed) return notNeeded(what, 'no planned check starts a pod of it');
    const nodes = there instanceof Map ? there.get(one.image) : undefined;
    if (nodes !== undefined) return ok(what, `already on ${someOf([...nodes])}`);
    return inRegistry(one, there === null ? NOT_REACHED : seenText(there), { deadlineMs, signal });
  });
  return Promise.all(items);
}

function textOf({ key, image }: Image): string {
  return `${key}: ${image}`;
}

function seenText(there: ReadonlyMap<string, unknown> | string): string {
  return typeof there === 'string' ? `the nodes do not tell (${there})` : 'no node has it yet';
}

function imagesOf(environment: Environment, running: readonly PlannedCheck[]): Image[] {
  const { topology, gpu, drills } = environment;
  const { canaries, devices, undoes } = usedBy(environment, running);
  const nodes = actsOnNodes(environment, running);
  const { undoImage } = drills;
  const all = [
    { key: 'topology.network.probeImage', image: topology.network?.probeImage, needed: canaries },
    { key: 'gpu.image', image: gpu?.image, needed: devices },
    { key: 'drills.nodeImage', image: drills.nodeImage, needed: nodes },
    // That of a Deployment runs already.
    { key: 'drills.undoImage', image: typeof undoImage === 'string' ? undoImage : undefined, needed: undoes },
  ];
  return all.flatMap(({ image, ...one }) => (image === undefined ? [] : [{ ...one, image }]));
}

function usedBy(
  environment: Environment,
  running: readonly PlannedCheck[],
): Record<'canaries' | 'devices' | 'undoes', boolean> {
  const ofDevices = running.filter(({ row }) => row.parts.includes('gpu'));
  const others = running.filter((one) => !ofDevices.includes(one));
  const devices = makesCanaries(environment, ofDevices);
  const writes = running.some(({ row }) => row.access[environment.kind] !== 'r');
  return {
    devices,
    canaries: makesCanaries(environment, others) || (devices && environment.gpu?.image === undefined),
    // A Job undoes what is done through the API server, in case this machine is gone then.
    undoes: writes && !traitsOf(environment).ownedByUs,
  };
}

/** Nodes list their images, the largest 50 as a rule (kubelet, nodeStatusMaxImages); pods what they run. */
const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ images: z.array(z.object({ names: z.array(z.string()).nullish() })).nullish() }),
    }),
  ),
});
const container = z.object({ image: z.string().optional() });
const podList = z.object({
  metadata: z.object({ continue: z.string().optional() }),
  items: z.array(
    z.object({
      spec: z.object({ nodeName: z.string().optional(), containers: z.array(container) }),
      status: z.object({ phase: z.string().optional() }),
    }),
  ),
});
const PAGE = 500;

/** By image: the nodes that have it; or why that is not known. */
async function imagesOn(kube: KubeCall, timeoutMs: number): Promise<Map<string, Set<string>> | string> {
  const found = new Map<string, Set<string>>();
  try {
    for await (const [image, node] of imagesSeen(kube, timeoutMs))
      found.set(image, new Set([...(found.get(image) ?? []), node]));
    return found;
  } catch (error) {
    return errorText(error);
  }
}

/** Images with a node that has each. */
async function* imagesSeen(kube: KubeCall, timeoutMs: number): AsyncGenerator<[string, string]> {
  const nodes = nodeList.parse(await listed(kube, '/api/v1/nodes', timeoutMs));
  for (const { metadata, status } of nodes.items)
    for (const { names } of status.images ?? []) for (const name of names ?? []) yield [name, metadata.name];
  let next: string | undefined = '';
  do {
    const path: string = `/api/v1/pods?limit=${PAGE}&continue=${encodeURIComponent(next)}`;
    const { metadata, items } = podList.parse(await listed(kube, path, timeoutMs));
    yield* items.flatMap(imagesRunIn);
    next = metadata.continue;
  } while (next !== undefined && next !== '');
}

function imagesRunIn({ spec, status }: z.infer<typeof podList>['items'][number]): [string, string][] {
  const { nodeName, containers } = spec;
  if (nodeName === undefined || status.phase !== 'Running') return [];
  return containers.flatMap(({ image }): [string, string][] =>
    image === undefined ? [] : [[image, nodeName]],
  );
}

async function listed(kube: KubeCall, path: string, timeoutMs: number): Promise<unknown> {
  const { status, body } = await kube({ method: 'GET', path, timeoutMs });
  if (status !== 200) throw new Error(`GET ${path.replace(/\?.*/, '')}: ${status}`);
  return body;
}

/** Asks the registry that the name begins with, as somebody without an account. */
async function inRegistry(
  one: Image,
  seen: string,
  bounds: { deadlineMs: number; signal: AbortSignal },
): Promise<Item> {
  const what = textOf(one);
  const tells = `crictl pull ${one.image}   # on a node: tells whether it can be pulled there`;
  const name = imageName(one.image);
  if (name === null) return unknown(what, `${seen}; its name has no registry that could be asked`, tells);
  const { registry } = name;
  try {
    const { is, detail } = await askRegistry(name, bounds);
    const said = `${seen}; ${registry} ${detail}`;
    if (is === 'there') return ok(what, `${said}, as asked from this machine`);
    if (is === 'absent') return missing(what, said, `push it, or correct ${one.key}`);
    return unknown(what, said, tells);
  } catch (error) {
    bounds.signal.throwIfAborted();
    const why = askText(error, { ca: 'the authorities of this machine', name: registry });
    return unknown(what, `${seen}; ${registry} could not be asked from this machine: ${why}`, tells);
  }
}
