import { isIP } from 'node:net';
import { traitsOf } from '../../env/providers/declared.ts';
import type { DeclaredStore, Environment } from '../../env/schema.ts';
import { askFailureOf, askText, cannotAsk, isWithoutWay, PeersError } from '../../probes/asking.ts';
import { clusterName } from '../../probes/kubernetes/cluster-name.ts';
import type { ClusterName } from '../../probes/kubernetes/cluster-name.ts';
import { Forwards } from '../../probes/kubernetes/forwards.ts';
import { KubeError } from '../../probes/kubernetes/index.ts';
import type { KubeCluster, ObjectOf, ServiceObject } from '../../probes/kubernetes/index.ts';
import type { PodPort } from '../../probes/kubernetes/port-forward.ts';
import type { Query } from '../../probes/kubernetes/types.ts';
import type { Bounds, Dial } from '../../probes/store/store-driver.ts';
import { atMost } from '../../reports/record/at-most.ts';
import { memberNamespace } from '../../reports/record/facts/store-pods.ts';
import {
  clientAddresses,
  forwardedClients,
  namespacesOfStores,
} from '../../suites/catalogue/plan/reached.ts';
import type { Address } from '../../suites/catalogue/plan/reached.ts';

/** Addresses that a message names. */
const MOST_SHOWN = 3;
/** One ExternalName may stand for another; a circle of them is followed no longer. */
const MOST_NAMES = 4;

/** Of what a client may take for connecting, so that why there is no way is said before the client gives up. */
const SHARE_OF_LIMIT = 0.9;

type Source = Pick<KubeCluster, 'list' | 'forward'>;

/** null: the environment does not say that this machine is outside of the cluster's network. */
export function reachOf(environment: Environment, cluster: Source): Reach | null {
  if (traitsOf(environment).reach !== 'port-forward') return null;
  const namespaces = namespacesOfStores(environment);
  return new Reach(cluster, namespaces, environment.readOnly === true ? notForwarded : undefined);
}

/** Of a read-only run: who forwards a port can do all that the server behind it allows. */
function notForwarded({ namespace, pod, port }: PodPort): Promise<never> {
  const message = `read only: port ${port} of pod ${namespace}/${pod} is not forwarded (cluster.reach: port-forward), since through it one can write as well; run it where the address can be reached`;
  return Promise.reject(cannotAsk('route', message));
}

/**
 * Why checks that measure what clients of a store see are not run, by store: the cluster is asked, since an address alone does not tell whether it is
 * inside. Empty where clients are not forwarded.
 */
export async function forwardedStores(
  environment: Environment,
  cluster: Source,
): Promise<ReadonlyMap<string, string>> {
  const reach = reachOf(environment, cluster);
  const found = new Map<string, string>();
  if (reach === null) return found;
  for (const [store, declared] of Object.entries(environment.stores))
    for (const at of clientAddresses(declared))
      if (await reach.isInside(at, declared)) found.set(store, forwardedClients(store, at));
  return found;
}

/**
 * The way to addresses of a cluster for a runner outside of its network: through the API server. It knows an address by what the cluster lists
 * (a pod's, a Service's) or by its name there, whoever names it: an environment file, or a store that sends its clients to a member. Everything
 * else, such as a load balancer, is connected to as it stands.
 */
export class Reach {
  readonly #cluster: Source;
  readonly #namespaces: readonly string[];
  readonly #forwards: Forwards;
  /** Addresses of pods that were seen: one that no pod has any more is nobody's, and not one of the runner's own network. */
  readonly #seen = new Set<string>();
  /** By store, then by port of a pod: why the last connection broke. */
  readonly #broken = new Map<string, Map<string, unknown>>();

  /** @param namespaces those in which names of the cluster may be */
  constructor(cluster: Source, namespaces: readonly string[], forward?: Source['forward']) {
    this.#cluster = cluster;
    this.#namespaces = namespaces;
    this.#forwards = new Forwards(forward ?? ((to, bounds) => cluster.forward(to, bounds)));
  }

  /** @param declared the store: its namespace is that of the names that have none */
  dial(store: string, declared: DeclaredStore): Dial {
    return async (at, bounds) => {
      const to = await this.#behind(at, declared);
      if (!('pod' in to)) return to;
      const limited = { ...bounds, deadlineMs: bounds.deadlineMs * SHARE_OF_LIMIT };
      try {
        return await this.#forwards.dial(to, limited, (error) => this.#note(store, to, error));
      } catch (error) {
        const said = noWay(error, to);
        this.#note(store, to, said);
        throw said;
      }
    };
  }

  /** Whether something listens at an address; false where no way leads there. Never throws. */
  async accepts(at: Address, declared: DeclaredStore, bounds: Bounds): Promise<boolean> {
    const to = await this.#behind(at, declared).catch(() => null);
    return to !== null && 'pod' in to && (await this.#forwards.accepts(to, bounds));
  }

  /** Whether clients from here would have to be forwarded to reach an address. */
  async isInside(at: Address, declared: DeclaredStore): Promise<boolean> {
    try {
      // A name of the cluster that stands for one outside is known in the cluster alone.
      return (await this.#behind(at, declared)) !== at;
    } catch {
      // Of the cluster, though nobody is behind it now.
      return true;
    }
  }

  /**
   * An error of asking a store with what is known of the way: where a connection broke on it, a client saw no more than a reset.
   * @returns the error itself where the way is not the cause
   */
  explained(store: string, error: unknown): unknown {
    const broken = [...(this.#broken.get(store)?.values() ?? [])];
    const reasons = [...new Set(broken.map((one) => askText(one)))];
    const said = askText(error);
    if (!mayBeOfTheWay(error) || reasons.every((reason) => said.includes(reason))) return error;
    const message = `${reasons.join('; ')} (${said})`;
    return error instanceof PeersError
      ? new PeersError(broken, message)
      : new AggregateError(broken, message);
  }

  /** For a report: what is part of every time that a store's own answers give; null: nothing was forwarded. */
  text(): string | null {
    const times = this.#forwards.times();
    if (times === null) return null;
    const { connections, medianMs, longestMs } = times;
    return `Stores were asked through the API server (cluster.reach: port-forward): opening a connection took ${ms(medianMs)} (median of ${connections}, longest ${ms(longestMs)}). That is part of every time at which a store's own view was seen, and of none that clients saw.`;
  }

  close(): Promise<void> {
    return this.#forwards.close();
  }

  #note(store: string, { namespace, pod, port }: PodPort, error: unknown): void {
    const ofStore = this.#broken.get(store) ?? new Map<string, unknown>();
    this.#broken.set(store, ofStore);
    const key = `${namespace}/${pod}:${port}`;
    if (error === null || error === undefined) ofStore.delete(key);
    else ofStore.set(key, noWay(error, { namespace, pod, port }));
  }

  /**
   * The port of a pod that an address leads to, or the address outside: itself, or what a Service of the type ExternalName stands for.
   * @throws Error where nobody is behind it, or no pod
   */
  async #behind(at: Address, declared: DeclaredStore, names = 0): Promise<PodPort | Address> {
    const { name, namespace } = this.#named(at.host, declared);
    const pod = namespace === null ? undefined : await this.#podAt(at.host, name, namespace);
    if (pod !== undefined) return { ...pod, port: at.port };
    if (this.#seen.has(at.host)) throw gone(at);
    const service = await this.#serviceAt(at.host, name);
    if (service === undefined) return at;
    const outside = namedBy(service);
    if (outside === null || names === MOST_NAMES) return this.#podOf(service, at);
    return this.#behind({ ...at, host: outside }, declared, names + 1);
  }

  /** What a name stands for in the cluster, and the namespace in which a pod may have that name or address; null: it is not known. */
  #named(host: string, declared: DeclaredStore): { name: ClusterName | null; namespace: string | null } {
    const own = memberNamespace(declared);
    const name = clusterName(host, [...(own === null ? [] : [own]), ...this.#namespaces]);
    return { name, namespace: name?.namespace ?? own };
  }

  async #podAt(
    host: string,
    name: ClusterName | null,
    namespace: string,
  ): Promise<Omit<PodPort, 'port'> | undefined> {
    const pods = await this.#listed({ kind: 'v1/Pod', namespace });
    for (const { status } of pods) if (status.podIP !== undefined) this.#seen.add(status.podIP);
    const wanted = name?.pod ?? host;
    const found = pods.find(({ metadata, status }) => status.podIP === host || metadata.name === wanted);
    return found && { namespace, pod: found.metadata.name };
  }

  async #serviceAt(host: string, name: ClusterName | null): Promise<ServiceObject | undefined> {
    if (name === null && isIP(host) === 0) return undefined;
    const services = await this.#listed({ kind: 'v1/Service' });
    return services.find(({ metadata, spec }) =>
      name === null
        ? spec.clusterIP === host
        : metadata.name === name.service && metadata.namespace === name.namespace,
    );
  }

  /** The first ready pod by its name, where a Service would take any. */
  async #podOf({ metadata, spec }: ServiceObject, at: Address): Promise<PodPort> {
    const { name, namespace = '' } = metadata;
    const portName = spec.ports?.find(({ port }) => port === at.port)?.name ?? '';
    const labels = { 'kubernetes.io/service-name': name };
    const slices = await this.#listed({ kind: 'discovery.k8s.io/v1/EndpointSlice', namespace, labels });
    const ends = slices.flatMap(({ endpoints, ports }): PodPort[] => {
      const port = ports?.find((one) => (one.name ?? '') === portName)?.port;
      if (port === undefined) return [];
      const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      return ready.flatMap(({ targetRef: { kind, name: pod } = {} }) =>
        kind === 'Pod' && pod !== undefined ? [{ namespace, pod, port }] : [],
      );
    });
    const [first] = ends.toSorted((a, b) => a.pod.localeCompare(b.pod));
    if (first !== undefined) return first;
    const others = slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap(({ addresses, targetRef }) => (targetRef?.kind === 'Pod' ? [] : addresses)),
    );
    throw others.length > 0
      ? withoutPods(`${namespace}/${name}`, others)
      : refusing(at, `${namespace}/${name}`);
  }

  async #listed<Kind extends string>(query: Query<Kind>): Promise<ObjectOf<Kind>[]> {
    const { items, unavailable } = await this.#cluster.list(query);
    if (unavailable !== undefined)
      throw cannotAsk('route', `who is behind an address of the cluster is unknown: ${unavailable}`);
    return items;
  }
}

/** The name that a Service of the type ExternalName stands for; null: it is of another type. */
function namedBy({ spec: { type, externalName = '' } }: ServiceObject): string | null {
  return type === 'ExternalName' && externalName !== '' ? externalName.replace(/\.$/, '') : null;
}

/** Whether it says that there is no way, or no more than what a client sees of a way that breaks. */
function mayBeOfTheWay(error: unknown): boolean {
  return isWithoutWay(error) || ['protocol', 'silent', 'manager'].includes(askFailureOf(error).cause);
}

/** As Node says it of an address at which nobody is: whether that is a fault of the store is told from its pods. */
function gone({ host, port }: Address): Error {
  return Object.assign(new Error(`no pod has the address ${host}:${port} any more`), {
    code: 'EHOSTUNREACH',
  });
}

/** What a Service without a selector may lead to, which nothing is forwarded to. */
function withoutPods(service: string, addresses: readonly string[]): Error {
  const message = `the endpoints of the Service ${service} are no pods (${atMost(addresses, MOST_SHOWN).join(', ')}), and only to pods are connections forwarded (cluster.reach: port-forward): declare the address that is reached from where Plumbline runs`;
  return cannotAsk('route', message);
}

/** As a Service without endpoints does. */
function refusing({ host, port }: Address, service: string): Error {
  const message = `connect ECONNREFUSED ${host}:${port}: the Service ${service} has no ready pod there`;
  return Object.assign(new Error(message), { code: 'ECONNREFUSED', port });
}

/** What an error of a forwarded connection means: only of the pod itself is it told from its state whether the store is down. */
function noWay(error: unknown, { namespace, pod, port }: PodPort): unknown {
  if (!(error instanceof KubeError)) return error;
  const to = `port ${port} of pod ${namespace}/${pod}`;
  if (error.reason === 'notFound')
    return Object.assign(new Error(`pod ${namespace}/${pod} is gone`, { cause: error }), {
      code: 'EHOSTUNREACH',
    });
  return cannotAsk('route', `no way to ${to} through the API server: ${reasonOf(error, namespace)}`, {
    cause: error,
  });
}

function reasonOf({ reason, message }: KubeError, namespace: string): string {
  if (reason === 'forbidden')
    return `the account may not forward ports in the namespace ${namespace}: it needs get and create on pods/portforward there (role plumbline-reach, deploy/port-forward.yaml)`;
  if (reason === 'unauthorized') return `it does not know the account of the kubeconfig (${message})`;
  if (reason === 'timeout') return `it is slow (${message})`;
  if (reason === 'unreachable') return `it does not answer (${message})`;
  return message;
}

function ms(value: number): string {
  return `${Math.max(1, Math.round(value))} ms`;
}
