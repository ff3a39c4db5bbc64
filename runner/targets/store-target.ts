import { readFileSync } from 'node:fs';
import type { DeclaredStore, Environment, Source } from '../../env/schema.ts';
import { basicCredentials } from '../../host/http.ts';
import { noCertificateIn } from '../../host/pem.ts';
import type { KubeCluster, PodObject } from '../../probes/kubernetes/index.ts';
import {
  accepts,
  askFailureOf,
  cannotAsk,
  isOnlyRefused,
  isWithoutWay,
  PeersError,
  refusedPorts,
} from '../../probes/asking.ts';
import type { AskFailure } from '../../probes/asking.ts';
import { keyedIn, sourceText } from '../../probes/declaring.ts';
import { redactor } from '../../probes/redact.ts';
import { hasEnded, isMemberPod } from '../../probes/store/member-pods.ts';
import type { Bounds, StoreMember, StoreTarget, StoreTlsFiles } from '../../probes/store/store-driver.ts';
import { STORES } from '../../probes/stores.ts';
import { NOT_LET_IN } from '../../reports/record/observations/failover.ts';
import { VERDICTS } from '../../reports/record/verdict.ts';
import { catalogue } from '../../suites/catalogue/index.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import type { Reach } from './reach.ts';
import { atMost } from '../../reports/record/at-most.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { memberNamespace, membersText } from '../../reports/record/facts/store-pods.ts';

export interface StorePod {
  name: string;
  uid: string;
  node: string | null;
  ip: string | null;
  /** All of its addresses: in a dual-stack cluster one of each family. */
  ips?: readonly string[];
  /** It has no network of its own, but that of its node. */
  hostNetwork?: boolean;
  /** Whether kubelet finds it ready. */
  ready?: boolean;
  /** Running containers: name → id. */
  containers: Record<string, string>;
}

/** Pods that a sentence names; it is an example of what is there. */
const MOST_NAMED = 6;

/** What a look at a store has seen. */
export type Look = 'steady' | 'unsteady' | 'unasked';

/** How declared stores are reached. Passwords are read when they are needed and kept in memory only. */
export class StoreTargets {
  readonly #environment: Environment;
  readonly #cluster: KubeCluster;
  /** null: members are in this runner's own network. */
  readonly #reach: Reach | null;
  readonly #secrets = new Map<string, { source: Source; value: string }>();
  readonly #openWords: ReadonlySet<string>;
  readonly #users: ReadonlyMap<string, readonly string[]>;
  /** Secrets that were read before, or were got in another way. */
  readonly #kept = new Set<string>();
  /** null: another secret was read since. */
  #redact: ((text: string) => string) | null = null;
  /** Stores that have answered in this run: one that stops answering differs from one that could never be queried. */
  readonly answered = new Set<string>();
  /** Stores that were steady at some look of this run: one that is not any more may have been broken by it. */
  readonly steadyOnce = new Set<string>();
  /** The first look of this run at each store: one that was not steady then was broken before it; of one that could not be asked that is unknown. */
  readonly firstLook = new Map<string, Look>();

  constructor(environment: Environment, cluster: KubeCluster, reach: Reach | null = null) {
    this.#environment = environment;
    this.#openWords = new Set([
      ...wordsIn(environment),
      ...catalogue().flatMap(({ id }) => id.split('/')),
      ...VERDICTS,
    ]);
    this.#users = usersIn(environment);
    this.#cluster = cluster;
    this.#reach = reach;
  }

  /** For a report: what being outside of the cluster's network adds to what was measured; null: nothing. */
  reachText(): string | null {
    return this.#reach?.text() ?? null;
  }

  /** Ends what leads into the cluster's network. */
  async close(): Promise<void> {
    await this.#reach?.close();
  }

  /**
   * Every secret that was read so far, for redaction; without those that would take names out of what is judged. A line break at the end of a Secret
   * is stripped by those who use it.
   */
  secrets(): string[] {
    const open = this.#openWords;
    const known = [...[...this.#secrets.values()].flatMap((one) => this.#formsOf(one)), ...this.#kept];
    const spellings = new Set(known.flatMap((secret) => [secret, secret.trim()]));
    return [...spellings].filter((secret) => !open.has(secret.trim()));
  }

  /** A password also as HTTP shows it together with its user. */
  #formsOf({ source, value }: { source: Source; value: string }): string[] {
    const users = this.#users.get(JSON.stringify(source)) ?? [];
    return [value, ...users.map((user) => basicCredentials({ user, password: value }))];
  }

  /** Takes these secrets out of a text. A record has thousands of texts, so what it looks for is put together once for the secrets known by then. */
  redact(text: string): string {
    this.#redact ??= redactor(this.secrets());
    return this.#redact(text);
  }

  /** For a report: which secrets are no secrets, since the environment file or the names of checks say them; null: none. */
  openSecretsText(): string | null {
    const open = this.#openWords;
    const named = [...this.#secrets.values()]
      .filter(({ value }) => open.has(value.trim()))
      .map(({ source }) => sourceText(source));
    if (named.length === 0) return null;
    return `not taken out of reports, since the environment file or the names of checks use the same word in the open: ${named.join(', ')}`;
  }

  /** @throws RequestError when the environment does not declare it, or it has no driver yet. */
  declared(store: string): DeclaredStore {
    const found = this.#environment.stores[store as keyof Environment['stores']];
    if (found === undefined)
      throw new RequestError(`the environment declares no store "${store}"`, 'refused');
    if (!STORES.includes(store)) throw new RequestError(`no check of ${store} is written yet`, 'refused');
    return found;
  }

  async target(store: string): Promise<StoreTarget> {
    const declared = this.declared(store);
    const { password: source, ...rest } = declared;
    const { primary, replica, admin, database = '', user = '' } = rest;
    const password = source === undefined ? '' : await this.secret(source);
    const secrets = await this.#further(declared);
    const tls = await this.#tls(declared);
    return {
      connection: {
        host: primary.host,
        port: primary.port,
        database,
        user,
        password,
        ...(tls !== undefined && { tls }),
        ...(this.#reach !== null && { dial: this.#reach.dial(store, declared) }),
        secrets,
        declared: rest,
      },
      ...(replica && { readConnection: { host: replica.host, port: replica.port } }),
      members: () => this.members(store),
      // What a driver learns by a command in a member it does without in a read-only run, as in one without that right.
      ...(memberNamespace(declared) !== null &&
        this.#environment.readOnly !== true && {
          exec: (member: StoreMember, command: string[], { deadlineMs, signal }: Bounds) => {
            const where = { ...this.placeOf(store), pod: member.name };
            return this.#cluster.exec({ ...where, command, timeoutMs: deadlineMs }, signal);
          },
        }),
      ...(admin && {
        admin: async () => ({ user: admin.user, password: await this.secret(admin.password) }),
      }),
    };
  }

  async #tls(declared: DeclaredStore): Promise<StoreTlsFiles | undefined> {
    const tls = 'tls' in declared ? declared.tls : undefined;
    if (tls === undefined) return undefined;
    const { ca, client, serverName = declared.primary.host } = tls;
    return {
      serverName,
      ...(ca !== 'system' && { ca: await this.#authority(ca) }),
      ...(client && {
        certificate: await this.secret(client.certificate),
        key: await this.secret(client.key),
      }),
    };
  }

  async #authority(source: Source): Promise<string> {
    const pem = await this.secret(source);
    const why = noCertificateIn(pem);
    if (why === null) return pem;
    const message = `tls.ca (${sourceText(source)}): ${why}`;
    throw new RequestError(message, 'unavailable', { cause: cannotAsk('tls', message) });
  }

  /** What a store takes besides the password of its account, by the helper process that it opens. */
  async #further(declared: DeclaredStore): Promise<Record<string, string>> {
    const sentinel = 'sentinel' in declared ? declared.sentinel?.password : undefined;
    return {
      ...(sentinel !== undefined && { sentinel: await this.secret(sentinel) }),
    };
  }

  /**
   * Queries a store. Where it refuses the login, and a secret of it has changed since it was read, it is queried once more with that: a
   * password may be rotated during a run.
   * @param isRefused whether an answer says that the login was refused
   * @throws what `ask` throws
   */
  async letIn<T>(
    store: string,
    ask: (target: StoreTarget) => Promise<T>,
    isRefused: (answer: T) => boolean = () => false,
  ): Promise<T> {
    try {
      const answer = await ask(await this.target(store));
      if (!isRefused(answer) || !(await this.#renewed(store))) return answer;
    } catch (error) {
      const { cause } = askFailureOf(error);
      if (!NOT_LET_IN.some((one) => one === cause) || !(await this.#renewed(store))) throw error;
    }
    return ask(await this.target(store));
  }

  /** Reads a store's secrets again. @returns whether one has changed; one that cannot be read now stays as it was */
  async #renewed(store: string): Promise<boolean> {
    let changed = false;
    for (const { source, value } of this.#readIn(this.declared(store))) {
      const now = await this.reread(source).catch(() => value);
      changed ||= now !== value;
    }
    return changed;
  }

  /** Secrets that were read of what is declared. */
  #readIn(declared: unknown): { source: Source; value: string }[] {
    if (typeof declared !== 'object' || declared === null) return [];
    const known = this.#secrets.get(JSON.stringify(declared));
    return known === undefined ? Object.values(declared).flatMap((one) => this.#readIn(one)) : [known];
  }

  /** Where a store's members run. @throws RequestError for an address without pods */
  placeOf(store: string): { namespace: string; container: string } {
    const declared = this.declared(store);
    const namespace = memberNamespace(declared);
    const { container } = declared;
    if (namespace !== null && container !== undefined) return { namespace, container };
    throw new RequestError(`stores.${store} is an address without pods`, 'refused');
  }

  /** Pods of the store's members as the cache has them now; none where the store is an address without pods. */
  async pods(store: string): Promise<StorePod[]> {
    return (await this.podObjects(store)).map(podOf);
  }

  /** The same as the API server has them, with their conditions. @throws RequestError `unavailable` */
  async podObjects(store: string): Promise<PodObject[]> {
    const declared = this.declared(store);
    const namespace = memberNamespace(declared);
    if (namespace === null) return [];
    const listed = await this.#cluster.list({ kind: 'v1/Pod', namespace });
    if (listed.unavailable !== undefined) {
      const cause = cannotAsk('route', listed.unavailable);
      throw new RequestError(`pods of ${store}: ${listed.unavailable}`, 'unavailable', { cause });
    }
    return listed.items.filter((pod) => isMemberPod(pod, declared));
  }

  /** An error of asking a store, with what is known of the way to it where that is the cause: a client sees no more of it than a reset. */
  explained(store: string, error: unknown): unknown {
    return this.#reach?.explained(store, error) ?? error;
  }

  /**
   * Classifies an error of querying a store. Silence does not tell a firewall from a frozen server, a refused connection no wrong port from a
   * server that is gone, and an address without a route may be that of a pod that is gone: its pods decide. If none of them is ready, or a ready
   * one accepts connections at the port in question, the store is down. If ready pods accept no connection from here, there is no route, or they
   * cannot be asked at that port. Of an address without pods nobody decides: it cannot be asked.
   * @returns with `instead` where what was seen says more than the error
   */
  async failureOf(store: string, asked: unknown, bounds: Bounds): Promise<AskFailure & { instead?: string }> {
    const error = this.explained(store, asked);
    if (isWithoutWay(error)) return { kind: 'cannot-ask', cause: 'route' };
    if (isOnlyRefused(error)) return this.#refused(store, error, bounds);
    const failure = askFailureOf(error);
    const unmatched = failure.cause === 'absent' ? await this.unmatched(store, bounds) : null;
    if (unmatched !== null) return { kind: 'cannot-ask', cause: 'members', instead: unmatched };
    if (failure.cause !== 'silent' && failure.cause !== 'route') return failure;
    const { port } = this.declared(store).primary;
    return (await this.#isDown(store, this.#deciding(store), { ports: [port], bounds }))
      ? { kind: 'down', cause: 'silent' }
      : { kind: 'cannot-ask', cause: 'route' };
  }

  /**
   * What is declared of the members and what is there instead, where no pod fits although the store's address accepts connections: then
   * nothing shows that the store is down. Null in every other case.
   */
  async unmatched(store: string, bounds: Bounds): Promise<string | null> {
    const { primary, ...declared } = this.declared(store);
    const namespace = memberNamespace(declared);
    if (namespace === null) return null;
    const listed = await this.#cluster.list({ kind: 'v1/Pod', namespace });
    if (listed.unavailable !== undefined || listed.items.some((pod) => isMemberPod(pod, declared)))
      return null;
    if (!(await accepts(primary, bounds))) return null;
    const there = listed.items.map(({ metadata }) => metadata.name).toSorted();
    return (
      `no pod ${membersText(declared)}, although ${primary.host}:${primary.port} accepts connections; ` +
      `pods in ${namespace}: ${atMost(there, MOST_NAMED).join(', ') || 'none'}`
    );
  }

  /** A Service without endpoints refuses as well, while every replica behind it is ready and accepts connections. */
  async #refused(store: string, error: unknown, bounds: Bounds): Promise<AskFailure> {
    const { primary, peers } = this.declared(store);
    const ofPeers = error instanceof PeersError && peers !== undefined;
    const pods = ofPeers ? this.otherPeers(store) : this.#deciding(store);
    const ports = new Set(refusedPorts(error));
    const down = await this.#isDown(store, pods, {
      ports: ports.size === 0 ? [primary.port] : [...ports],
      bounds,
    });
    return down ? askFailureOf(error) : { kind: 'cannot-ask', cause: 'refused' };
  }

  /** The members' pods; null where there can be none. */
  #deciding(store: string): Promise<readonly StorePod[] | null> {
    return memberNamespace(this.declared(store)) === null ? Promise.resolve(null) : this.pods(store);
  }

  /** Whether none of these pods is ready, or a ready one accepts connections at one of these ports. False where the pods cannot be listed, or there are none by declaration. */
  async #isDown(
    store: string,
    asked: Promise<readonly StorePod[] | null>,
    { ports, bounds }: { ports: readonly number[]; bounds: Bounds },
  ): Promise<boolean> {
    const pods = await asked.catch(() => null);
    if (pods === null) return false;
    const ready = pods.filter((pod) => pod.ready);
    if (ready.length === 0) return true;
    const ends = ready.flatMap(({ ip: host }) =>
      host === null ? [] : ports.map((port) => this.#accepts(store, { host, port }, bounds)),
    );
    return (await Promise.all(ends)).includes(true);
  }

  #accepts(store: string, at: { host: string; port: number }, bounds: Bounds): Promise<boolean> {
    return this.#reach?.accepts(at, this.declared(store), bounds) ?? accepts(at, bounds);
  }

  /** Pods beside the members that belong to the store's own cluster, such as sentinels; none where none are declared. */
  async otherPeers(store: string): Promise<StorePod[]> {
    const { peers } = this.declared(store);
    if (peers === undefined) return [];
    const { namespace } = this.placeOf(store);
    const listed = await this.#cluster.list({ kind: 'v1/Pod', namespace, labels: peers.labels });
    if (listed.unavailable !== undefined)
      throw new RequestError(`peers of ${store}: ${listed.unavailable}`, 'unavailable');
    return listed.items.filter((pod) => !hasEnded(pod)).map(podOf);
  }

  /** The members that have an address; of an address without pods that one, which stands for all of them. */
  async members(store: string): Promise<StoreMember[]> {
    const { primary, ...declared } = this.declared(store);
    if (memberNamespace(declared) === null)
      return [{ name: primary.host, address: primary.host, port: primary.port, standsForAll: true }];
    const pods = await this.pods(store);
    return pods.flatMap(({ name, ip, node }) =>
      ip === null ? [] : [{ name, address: ip, ...(node !== null && { node }) }],
    );
  }

  async secret(source: Source): Promise<string> {
    const key = JSON.stringify(source);
    const known = this.#secrets.get(key);
    if (known !== undefined) return known.value;
    const value = await this.#read(source);
    this.#secrets.set(key, { source, value });
    this.#redact = null;
    return value;
  }

  /** The secret as it is now, whatever was read before. What was read before stays where it cannot be read now. */
  async reread(source: Source): Promise<string> {
    const key = JSON.stringify(source);
    const value = await this.#read(source);
    const before = this.#secrets.get(key);
    for (const form of before === undefined ? [] : this.#formsOf(before)) this.keep(form);
    this.#secrets.set(key, { source, value });
    this.#redact = null;
    return value;
  }

  /** Keeps a secret out of everything that is written, as those that were read. */
  keep(secret: string): void {
    if (secret === '' || this.#kept.has(secret)) return;
    this.#kept.add(secret);
    this.#redact = null;
  }

  async #read(source: Source): Promise<string> {
    try {
      return await this.#ask(source);
    } catch (error) {
      if (error instanceof RequestError) throw error;
      // A missing file or an unreadable Secret: without the password nothing can be queried.
      const said = errorText(error);
      throw noSecret(`a secret cannot be read: ${said}`, error);
    }
  }

  async #ask(source: Source): Promise<string> {
    if ('file' in source) return readFileSync(source.file, 'utf8').trimEnd();
    if ('env' in source) return fromVariable(source.env);
    const { kind, namespace, name, key } = keyedIn(source);
    const object = await this.#cluster.get({ apiVersion: 'v1', kind, namespace, name });
    const value = object?.data?.[key];
    if (value === undefined) throw noSecret(`the ${kind} ${namespace}/${name} has no key "${key}"`);
    return kind === 'Secret' ? Buffer.from(value, 'base64').toString('utf8') : value;
  }
}

/** Users that are declared beside the source of a password, by that source. */
function usersIn(value: unknown, found = new Map<string, string[]>()): Map<string, string[]> {
  if (typeof value !== 'object' || value === null) return found;
  if ('user' in value && typeof value.user === 'string' && value.user !== '' && 'password' in value) {
    const source = JSON.stringify(value.password);
    found.set(source, [...(found.get(source) ?? []), value.user]);
  }
  for (const one of Object.values(value)) usersIn(one, found);
  return found;
}

/** Every text and every key in a value. */
function wordsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [key, ...wordsIn(one)]);
}

function fromVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw noSecret(`the environment variable ${name} is not set`);
  return value;
}

function noSecret(message: string, cause?: unknown): RequestError {
  return new RequestError(message, 'unavailable', { cause: cannotAsk('credentials', message, { cause }) });
}

export function podOf(pod: PodObject): StorePod {
  const { spec, status } = pod;
  const running = (status.containerStatuses ?? []).filter(({ state }) => state?.running !== undefined);
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? '',
    node: spec.nodeName ?? null,
    ip: status.podIP ?? null,
    ips: (status.podIPs ?? []).flatMap(({ ip }) => ip ?? []),
    hostNetwork: spec.hostNetwork === true,
    ready: (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    containers: Object.fromEntries(running.map(({ name, containerID = '' }) => [name, containerID])),
  };
}
