/**
 * What a store looks like to somebody who may only read the objects of a cluster: `recognise.ts` in the folder of each store says by what it is
 * recognised and drafts its section of an environment file. Names of images, ports and labels are those that products document.
 */
import { z } from 'zod';
import { below, open, todo } from '../drafting.ts';
import type { Draft, DraftMap } from '../drafting.ts';
import type { Container, ServiceObject, Volume } from '../kubernetes/objects.ts';
import type { StoreName } from './declaring.ts';

type Labels = Readonly<Record<string, string>>;

/** Pods that one controller owns: a workload, or a resource of an operator without a StatefulSet between. */
export interface SeenSet {
  kind: string;
  namespace: string;
  name: string;
  /** Pods that it should have. */
  replicas: number;
  /** Labels of its pods: what all of them have. */
  labels: Labels;
  containers: readonly Container[];
  volumes: readonly Volume[];
  /** The labels of each pod that is there. */
  pods: readonly Labels[];
  /** What owns the set, such as the resource of an operator. */
  owner: { kind: string; name: string } | null;
}

/** Labels of a set's pods: of those that are there, or else of its template. */
export function podLabels({ pods, labels }: SeenSet): readonly Labels[] {
  return pods.length > 0 ? pods : [labels];
}

/** All sets that hold one store together, with what stands around them. */
export interface SeenStore {
  /** Those with its servers; at least one. */
  sets: readonly [SeenSet, ...SeenSet[]];
  /** Those of their namespace that `companion` picks, such as Sentinels. */
  companions: readonly SeenSet[];
  /** Services of their namespace. */
  services: readonly ServiceObject[];
}

/** How one store is recognised: the export `recognition` of `recognise.ts` in its folder. */
export interface StoreRecognition {
  /** The name of its folder. */
  name: StoreName;
  /** Last part of the names of images with its server: `postgresql` of `registry.example.com/team/postgresql:17`. */
  image: RegExp;
  /** A port that its server alone listens on, for images of a name of their own. */
  port: number;
  /** Whether a set with such an image is no server all the same. */
  companion?: (set: SeenSet) => boolean;
  /** Whether labels of an operator say that a set has its server, whatever the image is called. */
  server?: (set: SeenSet) => boolean;
  /** Label whose value is the same for all sets of one store, the first that a set has; `app` and the like are asked after these. */
  together?: readonly string[];
  /** Its section in `stores`, complete but for what only its owners know. `own`: this recognition, or that of a store that speaks as this one. */
  section: (seen: SeenStore, own: StoreRecognition) => DraftMap;
}

const ports = z.array(z.object({ containerPort: z.number(), name: z.string().optional() })).catch([]);

/** Ports that a container says it listens on. */
export function portsOf(container: Container): { containerPort: number; name?: string | undefined }[] {
  return ports.parse(container['ports'] ?? []);
}

/** `postgresql` of `registry.example.com:5000/team/postgresql:17@sha256:…` */
export function imageName(image: string): string {
  return imagePath(image).split('/').at(-1) ?? '';
}

/** `registry.example.com:5000/team/postgresql` of the same. */
export function imagePath(image: string): string {
  const [path = ''] = image.split('@');
  return path.replace(/:[^:/]*$/, '');
}

/** The container of the server in a set: the one with the image, or else the one with the port. */
export function serverIn(
  { containers }: SeenSet,
  { image, port }: Pick<StoreRecognition, 'image' | 'port'>,
): Container | undefined {
  return (
    containers.find((one) => image.test(imageName(one.image))) ??
    containers.find((one) => portsOf(one).some(({ containerPort }) => containerPort === port))
  );
}

/**
 * Usual labels of what belongs together, after those of operators (Kubernetes: "Recommended Labels"; `app` and `release` before them). The first of a
 * list decides whether it counts: a release may hold several stores, each with a name of its own.
 */
const TOGETHER = [
  ['app.kubernetes.io/instance', 'app.kubernetes.io/name'],
  ['app', 'release'],
  ['app.kubernetes.io/name'],
];

/** Sets with the same text hold one store together. */
export function groupOf({ namespace, name, labels }: SeenSet, { together = [] }: StoreRecognition): string {
  const lists = [...together.map((one) => [one]), ...TOGETHER];
  const keys = lists.find(([first = '']) => labels[first] !== undefined);
  const values = keys?.map((key) => `${key}=${labels[key] ?? ''}`) ?? [name];
  return [namespace, ...values].join(' ');
}

/** Services of a store by what they lead to. */
export interface SeenServices {
  /** The one that applications write through, as far as names and selectors tell; never one that leads to a single member of several. */
  primary?: ServiceObject | undefined;
  /** Its selector, its name, or a manager that writes its endpoints says that it leads to the primary alone. */
  leads: boolean;
  replica?: ServiceObject | undefined;
  /** All with the port, whose selector finds a pod of the store, or which have no selector and begin with its name. */
  all: readonly ServiceObject[];
}

/** Values that managers give to the label of a pod's role, and ends of names that operators and charts give to Services. */
const PRIMARY = { role: /^(primary|master|leader)$/, name: /-(rw|primary|master|leader)$/ };
const REPLICA = {
  role: /^(replica|slave|standby|follower|secondary)$/,
  name: /-(ro|repl|replicas?|read|readonly|slaves?|standby|secondary|followers?)$/,
};

/** @param wanted ports that clients speak to, the usual one first; none: any */
export function servicesOf(
  { sets, services }: { sets: readonly SeenSet[]; services: readonly ServiceObject[] },
  wanted: readonly number[],
): SeenServices {
  const pods = sets.flatMap(podLabels);
  const found = services.flatMap((service) => {
    const selected = selectedBy(service, { pods, names: sets.map(({ name }) => name) });
    const listens = wanted.length === 0 || servicePort(service, wanted) !== undefined;
    return selected > 0 && listens ? [{ service, selected }] : [];
  });
  // The one of the most pods, and of several the plainest: charts name those of single members and of consoles after it.
  const usual = found
    .filter(({ service }) => !isHeadless(service))
    .toSorted(
      (a, b) => b.selected - a.selected || a.service.metadata.name.length - b.service.metadata.name.length,
    )
    .map(({ service }) => service);
  const single = found
    .filter(({ service, selected }) => selected === 1 && pods.length > 1 && hasSelector(service))
    .map(({ service }) => service);
  const replica = usual.find((one) => leadsTo(one, REPLICA));
  const leading = usual.find((one) => leadsTo(one, PRIMARY));
  const plain = usual.find((one) => !leadsTo(one, REPLICA) && !single.includes(one));
  const primary = leading ?? plain;
  return {
    primary,
    replica,
    leads: leading !== undefined || (primary !== undefined && !hasSelector(primary)),
    all: found.map(({ service }) => service),
  };
}

function hasSelector({ spec }: ServiceObject): boolean {
  return Object.keys(spec.selector ?? {}).length > 0;
}

/** Whether a selector finds a pod with these labels; an empty one finds none (Kubernetes: "Services without selectors"). */
export function finds({ spec }: ServiceObject, labels: Labels): boolean {
  const wanted = Object.entries(spec.selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** How many pods a Service finds; one without a selector is written by a manager, which names it after its store. */
function selectedBy(
  service: ServiceObject,
  { pods, names }: { pods: readonly Labels[]; names: readonly string[] },
): number {
  const { metadata } = service;
  if (!hasSelector(service)) return names.some((name) => metadata.name.startsWith(name)) ? 1 : 0;
  return pods.filter((labels) => finds(service, labels)).length;
}

function isHeadless({ spec }: ServiceObject): boolean {
  return spec.clusterIP === 'None';
}

function leadsTo({ metadata, spec }: ServiceObject, role: { role: RegExp; name: RegExp }): boolean {
  const roles = Object.entries(spec.selector ?? {}).filter(([key]) => /role$/i.test(key));
  return roles.some(([, value]) => role.role.test(value)) || role.name.test(metadata.name);
}

/** The port of a Service that clients of the store speak to. */
export function servicePort({ spec }: ServiceObject, wanted: readonly number[]): number | undefined {
  const there = (spec.ports ?? []).map(({ port }) => port);
  return wanted.find((port) => there.includes(port));
}

/** `{ host, port }` of a Service, as clients within the cluster use it. */
export function addressOf(service: ServiceObject, wanted: readonly number[]): { host: string; port: number } {
  const { name, namespace = '' } = service.metadata;
  return { host: `${name}.${namespace}.svc`, port: servicePort(service, wanted) ?? wanted[0] ?? 0 };
}

const secretVolume = z.object({ secret: z.object({ secretName: z.string() }) });

/** What speaks for TLS in a set's own words; null: nothing does, which proves nothing. */
function tlsHint({ containers, volumes }: SeenSet): string | null {
  const named = containers
    .flatMap(portsOf)
    .find(({ name }) => /(https|tls|ssl|amqps|rediss)/.test(name ?? ''));
  if (named !== undefined) return `its port ${named.name ?? ''}`;
  const secret = volumes
    .flatMap((one) => secretVolume.safeParse(one).data?.secret.secretName ?? [])
    .find((name) => /(tls|cert|crt|ssl|-ca$)/i.test(name));
  return secret === undefined ? null : `the Secret ${secret}, which it mounts`;
}

interface Common {
  recognition: Pick<StoreRecognition, 'name' | 'image' | 'port'>;
  /** Ports of clients, the usual one first; `port` of the recognition when left out. */
  ports?: readonly number[];
  /** Labels that the members and no other pods have, where a custom resource owns the pods. */
  pods?: Labels;
  /** That the product speaks TLS unless told otherwise. */
  tls?: string;
  /** Only one member takes writes: a Service of all members is not the address of the primary. */
  oneLeads?: true;
}

/** What every store's section begins with: who the members are, where clients write, the password, TLS. */
export function commonSection(seen: SeenStore, of: Common): DraftMap {
  const [set] = seen.sets;
  const wanted = of.ports ?? [of.recognition.port];
  const found = servicesOf(seen, wanted);
  const { primary, replica } = found;
  const members = seen.sets.reduce((sum, one) => sum + one.replicas, 0);
  const variable = `PLUMBLINE_${of.recognition.name.toUpperCase()}_PASSWORD`;
  const unsure = of.oneLeads === true && members > 1 && !found.leads;
  return {
    ...membersIn(seen, of.pods),
    container: serverIn(set, of.recognition)?.name ?? set.containers[0]?.name,
    members: Math.max(1, members),
    primary: primaryIn(seen, { primary, unsure, wanted }),
    replica: replica && addressOf(replica, wanted),
    services: unsure ? undefined : namesOf(found),
    password: { env: variable },
    ...encryption(set, of.tls),
  };
}

/** Services whose endpoints follow the roles. */
function namesOf({ primary, replica }: SeenServices): DraftMap | undefined {
  return primary && { primary: primary.metadata.name, replica: replica?.metadata.name };
}

function primaryIn(
  seen: SeenStore,
  {
    primary,
    unsure,
    wanted,
  }: { primary: ServiceObject | undefined; unsure: boolean; wanted: readonly number[] },
): Draft {
  const [{ namespace, name }] = seen.sets;
  const ask = `kubectl get services -n ${namespace}`;
  if (primary !== undefined && !unsure) return addressOf(primary, wanted);
  if (primary === undefined)
    return todo(
      { host: `${name}.${namespace}.svc`, port: wanted[0] },
      `no Service of all members was recognised: ${ask}`,
    );
  return todo(
    addressOf(primary, wanted),
    `nothing says that it leads to the primary alone: what do applications write through? ${ask}`,
  );
}

/** A set that is scaled to 0 has no members now; where all are, the first stands for the store. */
function membersIn({ sets }: SeenStore, pods: Labels | undefined): DraftMap {
  const [{ namespace, labels }] = sets;
  const chosen = pods ?? (sets.some(({ kind }) => kind !== 'StatefulSet') ? labels : undefined);
  if (chosen !== undefined) return { pods: { namespace, labels: chosen } };
  const running = sets.filter(({ replicas }) => replicas > 0);
  const [{ name } = sets[0]] = running;
  if (running.length < 2) return { statefulSet: { namespace, name } };
  return {
    statefulSets: { namespace, sets: running.map((one) => ({ name: one.name, members: one.replicas })) },
  };
}

/** `tls` or `plain`: a proposal by what was seen, since a wrong one sends a password for all to read or is refused. */
function encryption(set: SeenSet, always: string | undefined): DraftMap {
  const hint = always ?? tlsHint(set);
  if (hint === null)
    return { plain: todo(true, 'nothing speaks for TLS here; with TLS declare `tls` in its place') };
  const where = `kubectl get secrets,configmaps -n ${set.namespace}`;
  return {
    tls: below([open(`${hint}; the PEM certificate of the authority of its servers: ${where}`)], {
      ca: { file: `/path/to/${set.name}-ca.crt` },
    }),
  };
}
