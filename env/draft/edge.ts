/** Where clients reach the application: `topology.edge`, and what is asked there. All of it is commented out: an address is not a way in. */
import { below, beside, commentedOut, dataOf, guess, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import {
  isEncrypted,
  isExposed,
  isProxy,
  recogniseEdge,
  WEB_PORTS,
  webServiceOf,
} from '../../probes/edge/recognise.ts';
import type { EdgeProduct } from '../../probes/edge/recognise.ts';
import type { ServiceObject } from '../../probes/kubernetes/objects.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { recogniseSources } from '../../probes/signals/recognise.ts';
import { authorityCommand, finds, podLabels, servicePort } from '../../probes/store/recognising.ts';
import type { SeenSet } from '../../probes/store/recognising.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';
import { addressesOf, entriesIn } from './entries.ts';
import type { Entry } from './entries.ts';
import type { Seen, SeenWorkload } from './seen.ts';
import { ofNamespaces, pointersIn } from './workloads.ts';

/** Hosts and the like that a comment lists. */
const MOST = 10;

/** What stands at the edge, or is reached from outside without a proxy before it. */
interface Door {
  set: SeenSet;
  service: ServiceObject | null;
  /** null: the application itself. */
  product: EdgeProduct | null;
}

export interface SeenEdge {
  /** Hosts by which Ingresses and HTTPRoutes are reached, the likeliest first. */
  entries: readonly Entry[];
  /** The likeliest first. */
  doors: readonly Door[];
  /** Deployments and Rollouts that may be the application, the likeliest first. */
  backends: readonly SeenWorkload[];
}

interface Around {
  seen: Seen;
  namespaces: readonly string[];
  stores: readonly FoundStore[];
}

export function edgeIn(around: Around): SeenEdge {
  const { seen, namespaces } = around;
  const applications = applicationsIn(around);
  const ranked = rankedIn(around, applications);
  const entries = ranked.map(({ entry }) => entry);
  const proxies = recogniseEdge(seen.sets, seen.listing.objects['v1/Service']).filter(
    ({ product, set }) => product.always || namespaces.includes(set.namespace),
  );
  const doors = [...proxies, ...withoutProxy(applications, seen)];
  const [likeliest] = ranked;
  const rivals = ranked.filter(({ rank }) => rank === likeliest?.rank).flatMap(({ led }) => led);
  const own = rivals.length > 0 ? rivals : backendsOf(wayIn({ entries, doors }), { applications, seen });
  return { entries, doors, backends: [...new Set(own)] };
}

interface Ranked {
  entry: Entry;
  /** What its backend leads to. */
  led: readonly SeenWorkload[];
  /** 2: an application beside a store, whose client it may be; 1: another application. */
  rank: number;
}

/**
 * A cluster of several teams has hosts of each. The platform's is likely beside its stores, and is what is scaled and has most pods. A store that a
 * Deployment runs is no sign: it is some tool's own cache.
 */
function rankedIn({ seen, namespaces, stores }: Around, applications: readonly SeenWorkload[]): Ranked[] {
  const lasting = stores.filter(({ sets }) => sets.every(({ kind }) => kind !== 'Deployment'));
  const near = new Set(lasting.flatMap(({ sets }) => sets.map(({ namespace }) => namespace)));
  const weightOf = weighing(seen);
  return entriesIn(seen.listing, namespaces)
    .map((entry): Ranked => {
      const led = ledBy(entry, { applications, seen });
      const rank = led.some(({ set }) => near.has(set.namespace)) ? 2 : Math.min(1, led.length);
      return { entry, led, rank };
    })
    .toSorted((a, b) => b.rank - a.rank || weightOf(b.led[0]) - weightOf(a.led[0]));
}

/** The more, the likelier is a workload the application: what is scaled comes first, then what has most pods. */
function weighing({ listing }: Seen): (workload: SeenWorkload | undefined) => number {
  const { autoscalers, scaledObjects } = pointersIn(listing);
  return (workload) => {
    if (workload === undefined) return 0;
    const isScaled = autoscalers.has(workload.name) || scaledObjects.has(workload.name);
    return (isScaled ? 1_000_000 : 0) + workload.set.replicas;
  };
}

function ledBy(
  { backend }: Entry,
  { applications, seen }: { applications: readonly SeenWorkload[]; seen: Seen },
): SeenWorkload[] {
  const behind = seen.listing.objects['v1/Service'].find(
    ({ metadata }) => metadata.namespace === backend?.namespace && metadata.name === backend?.name,
  );
  return behind === undefined ? [] : applications.filter(({ set }) => isLed(behind, set));
}

interface Way {
  entry: Entry | undefined;
  door: Door | undefined;
}

/** The first host, and what leads to it: of proxies of any use only one that is reached from outside, since a host may be a provider's own. */
function wayIn({ entries: [entry], doors }: Pick<SeenEdge, 'entries' | 'doors'>): Way {
  const leads = ({ product, service }: Door): boolean =>
    product?.always === true || (service !== null && isExposed(service));
  return { entry, door: entry === undefined ? doors[0] : doors.find(leads) };
}

/** Workloads that answer somebody and are neither a store, nor beside one, nor a proxy, nor a source of telemetry. */
export function applicationsIn({ seen, namespaces, stores }: Around): SeenWorkload[] {
  const services = seen.listing.objects['v1/Service'];
  const pointing = pointersIn(seen.listing);
  const taken = new Set([
    ...stores.flatMap(({ sets, companions, poolers }) => [...sets, ...companions, ...poolers]),
    ...recogniseSources(seen.sets, services).map(({ set }) => set),
  ]);
  // One whose template a Rollout uses has no pods of its own.
  const isOwn = ({ name, set }: SeenWorkload): boolean =>
    ['Deployment', 'Rollout'].includes(set.kind) && !pointing.templateOf.has(name);
  return ofNamespaces(seen, namespaces).filter(
    (one) => isOwn(one) && !taken.has(one.set) && !isProxy(one.set) && pointing.isServed(one.set),
  );
}

/** Applications that a Service leads to from outside without a proxy before them. */
function withoutProxy(applications: readonly SeenWorkload[], { listing }: Seen): Door[] {
  return applications.flatMap(({ set }): Door[] => {
    const service = webServiceOf(set, listing.objects['v1/Service'].filter(isExposed));
    return service === null ? [] : [{ set, service, product: null }];
  });
}

/** Where no host says what is behind it: what is beside the proxy, or all there is, and of these what is scaled and has the most pods. */
function backendsOf(
  { door }: Way,
  { applications, seen }: { applications: readonly SeenWorkload[]; seen: Seen },
): SeenWorkload[] {
  if (door === undefined) return [];
  if (door.product === null) return applications.filter(({ set }) => set === door.set);
  const near = applications.filter(({ set }) => set.namespace === door.set.namespace);
  const weightOf = weighing(seen);
  return (near.length > 0 ? near : applications).toSorted((a, b) => weightOf(b) - weightOf(a));
}

function isLed(service: ServiceObject, set: SeenSet): boolean {
  return (
    service.metadata.namespace === set.namespace && podLabels(set).some((labels) => finds(service, labels))
  );
}

/** `topology.edge`; undefined where nothing was found. */
export function edgeDraft(edge: SeenEdge, seen: Seen): Draft | undefined {
  const { entry, door } = wayIn(edge);
  if (entry === undefined && door === undefined) return undefined;
  const encrypted = entry?.tls ?? (door?.service != null && isEncrypted(door.service));
  const address = addressIn({ entry, door, encrypted });
  const about = encrypted ? [...aboutOf(edge), served({ entry, door }, address)] : aboutOf(edge);
  return commentedOut(about, {
    url: urlOf(encrypted ? 'https' : 'http', { entry, door }),
    address,
    trust: trustOf({ entry, door, encrypted }),
    hops: below(
      [
        open(
          'a guess; what each hop leaves in the headers of an answer, in the order in which a request passes them: curl -sv URL, with the key that it wants',
        ),
      ],
      [hopOf(door)],
    ),
    backend: backendDraft(edge, seen),
  });
}

function aboutOf({ entries, doors }: SeenEdge): string[] {
  const hosts = [...new Set(entries.map(({ host, of }) => `${host} (${of})`))];
  const others = doors.map(
    ({ set, product }) => `${nameOf(set)} (${product?.label ?? 'reached from outside'})`,
  );
  return [
    ...(hosts.length === 0 ? [] : [`Hosts: ${listed(hosts)}`]),
    ...(others.length === 0 ? [] : [`At the edge: ${listed(others)}`]),
  ];
}

function listed(texts: readonly string[]): string {
  return `${texts.slice(0, MOST).join(', ')}${texts.length > MOST ? ', …' : ''}`;
}

/** What shows the certificate of the edge, for whoever may read no Secret. */
function served({ entry, door }: Way, address: Draft | undefined): string {
  const host = entry?.host ?? hostOf(door);
  const at = address === undefined ? joined(host, 443) : String(dataOf(address));
  const ask = `openssl s_client -connect ${at} -servername ${host} -showcerts </dev/null`;
  return `The certificates that it serves, and who signed them: ${ask}; the names: the same, with | openssl x509 -noout -ext subjectAltName`;
}

const PATH = 'the path below which the application answers belongs to it';

function urlOf(scheme: string, { entry, door }: Way): Draft {
  if (entry !== undefined) return hostUrl(entry);
  return todo(`${scheme}://${hostOf(door)}`, `the name that clients use, which its certificate has; ${PATH}`);
}

/** The whole name of its Service, which certificates within a cluster mostly have. */
function hostOf(door: Door | undefined): string {
  const { name = '', namespace = '' } = door?.service?.metadata ?? door?.set ?? {};
  return `${name}.${namespace}.svc.cluster.local`;
}

/** Not everything that ends TLS before a host says so in the cluster. */
function hostUrl({ host, tls }: Entry): Draft {
  if (tls) return beside(`https://${host}`, PATH);
  return todo(`http://${host}`, `https where a load balancer ends TLS; ${PATH}`);
}

/** Where to connect instead of resolving the name, as far as an Ingress, a Gateway or a Service tells; undefined: nothing does. */
function addressIn({ entry, door, encrypted }: Way & { encrypted: boolean }): Draft | undefined {
  const usual = encrypted ? 443 : 80;
  const [outside] = entry?.addresses ?? [];
  if (entry !== undefined && outside !== undefined)
    return beside(joined(outside, usual), `of ${entry.of}; ${RESOLVED}`);
  return door?.service == null ? undefined : serviceAddress(door.service, usual);
}

const RESOLVED = 'left out, the name is resolved';

function serviceAddress(service: ServiceObject, usual: number): Draft | undefined {
  const { metadata, spec } = service;
  const port = servicePort(service, WEB_PORTS) ?? usual;
  const of = `of the Service ${metadata.namespace ?? ''}/${metadata.name}`;
  const [balanced] = addressesOf(service.status);
  if (balanced !== undefined) return beside(joined(balanced, port), `${of}; ${RESOLVED}`);
  const { clusterIP = '' } = spec;
  if (['', 'None'].includes(clusterIP)) return undefined;
  return beside(joined(clusterIP, port), `ClusterIP ${of}: reached within the network of the cluster`);
}

function joined(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function trustOf({ entry, door, encrypted }: Way & { encrypted: boolean }): Draft {
  if (!encrypted) return 'system';
  const command = door === undefined || entry !== undefined ? null : authorityCommand(door.set);
  if (door === undefined || command === null)
    return todo('system', 'or { file } with the certificate of the authority, where it is no public one');
  const { namespace, name } = door.set;
  const instead = `The role \`view\` reads no Secret; a ConfigMap there may have it as well: kubectl get configmaps -n ${namespace}`;
  return below([open(`the certificate of the authority: ${command}`), instead], {
    file: `/path/to/${name}-ca.crt`,
  });
}

/** A proposal: what the product leaves by its documentation, or else where proxies name themselves (RFC 9110, `Via`). */
function hopOf(door: Door | undefined): Draft {
  const { label = 'proxy', hop } = door?.product ?? {};
  return { name: label, ...(hop ?? { header: 'via', contains: label.toLowerCase() }) };
}

function backendDraft({ backends }: SeenEdge, seen: Seen): Draft | undefined {
  const [first, ...others] = backends;
  if (first === undefined) return undefined;
  const { namespace, name } = first.set;
  const names = listed(others.map((one) => one.name));
  const deployment: Draft = { namespace, name };
  return {
    deployment:
      others.length === 0
        ? deployment
        : todo(deployment, `what answers at the end of the chain? Also there: ${names}`),
    scaling: scalingDraft(first, seen),
  };
}

/** For what an autoscaler resizes. */
function scalingDraft({ name }: SeenWorkload, { listing }: Seen): Draft | undefined {
  const { autoscalers, scaledObjects } = pointersIn(listing);
  const keda = scaledObjects.get(name);
  if (keda === undefined && !autoscalers.has(name)) return undefined;
  const draft: DraftMap = {
    lowPerSecond: 10,
    highPerSecond: 200,
    rampSeconds: 30,
    ...(keda !== undefined && { scaledObject: keda.metadata.name }),
  };
  return below(
    [
      open(
        'a guess; requests a second that its fewest pods carry easily, and that lift them above the target of its autoscaler',
      ),
    ],
    draft,
  );
}

/** `application`: what is asked at the edge; undefined where there is none. */
export function applicationDraft({ entries, doors }: SeenEdge): Draft | undefined {
  if (entries.length === 0 && doors.length === 0) return undefined;
  return commentedOut([open('its requests, and who may ask (credentials): docs/guide/application.md')], {
    follow: beside(
      'none',
      '{ echo: HEADER } where the service repeats one, `trace` where its spans are kept',
    ),
    proof: beside(
      'none',
      'answers, or a header that only the service sets (curl -sv URL); with none topology/edge/path does not run',
    ),
    requests: {
      look: {
        method: 'GET',
        path: guess('/', 'a path that changes nothing and is answered by the service'),
        status: 200,
      },
    },
  });
}
