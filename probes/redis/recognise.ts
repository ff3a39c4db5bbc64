import { beside, guess, todo } from '../drafting.ts';
import type { Draft, DraftMap } from '../drafting.ts';
import { addressOf, commonSection, groupOf, imageName, portsOf, servicesOf } from '../store/recognising.ts';
import type { SeenSet, SeenStore, StoreRecognition } from '../store/recognising.ts';

/** Redis documentation, "High availability with Redis Sentinel". */
const SENTINEL_PORT = 26379;
const SERVER_PORT = 6379;
/** Spotahome's operator: the same for servers and Sentinels. */
const SPOTAHOME = 'redisfailovers.databases.spotahome.com/name';

function section(seen: SeenStore, recognition: StoreRecognition): DraftMap {
  const [set] = seen.sets;
  const members = seen.sets.reduce((sum, { replicas }) => sum + replicas, 0);
  const user = beside('plumbline', 'left out where one password is for all');
  if (isCluster(set)) {
    const replicas = members % 2 === 0 ? 1 : 0;
    return {
      ...commonSection(seen, { recognition }),
      user,
      cluster: { replicas: todo(replicas, 'replicas of each master: redis-cli cluster nodes') },
    };
  }
  const watched = sentinelsOf(seen);
  if (watched === null) return { ...commonSection(seen, { recognition, oneLeads: true }), user };
  const proposed = (draft: Draft): Draft => proposal(draft, watched.around.sets, recognition);
  const { primary: entry, single } = servicesOf(watched.around, [SENTINEL_PORT]);
  const address = entry === undefined ? null : addressOf(entry, [SENTINEL_PORT]);
  const each = single
    .map((one) => addressOf(one, [SENTINEL_PORT]))
    .toSorted((a, b) => a.host.localeCompare(b.host));
  // Clients ask any Sentinel for the master.
  const asked = address ?? each[0];
  const peers = peersOf(watched.set, set);
  return {
    ...commonSection(seen, { recognition }),
    ...(asked !== undefined && { primary: proposed(asked) }),
    user,
    // A Service of all Sentinels is no address of the master.
    services: undefined,
    replica: undefined,
    sentinel: {
      master: guess('mymaster', `the name of the master: redis-cli -p ${SENTINEL_PORT} sentinel masters`),
      addresses: proposed(each.length > 0 ? each : [address ?? unknownAddress(watched.set)]),
    },
    peers: peers && proposed(peers),
  };
}

/** Marked where it is about Sentinels of several groups, and nothing says which of them watch this store. */
function proposal(draft: Draft, sentinels: readonly SeenSet[], recognition: StoreRecognition): Draft {
  const groups = new Set(sentinels.map((one) => groupOf(one, recognition)));
  const names = sentinels.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return groups.size > 1 ? todo(draft, `which of these Sentinels watch it: ${names}?`) : draft;
}

function unknownAddress({ namespace, name }: SeenSet): Draft {
  return todo(
    { host: `${name}.${namespace}.svc`, port: SENTINEL_PORT },
    `no Service of the Sentinels was recognised: kubectl get services -n ${namespace}`,
  );
}

/** Where the Sentinels are: in the pods of the members, or in sets of their own. */
function sentinelsOf(seen: SeenStore): { set: SeenSet; around: SeenStore } | null {
  const [set] = seen.sets;
  const [apart, ...more] = seen.companions;
  if (isSentinel(set)) return { set, around: seen };
  return apart === undefined ? null : { set: apart, around: { ...seen, sets: [apart, ...more] } };
}

/** A partition cuts the master off from Sentinels in pods of their own, too. */
function peersOf(sentinels: SeenSet, members: SeenSet): DraftMap | undefined {
  const own = Object.entries(sentinels.labels).find(([key, value]) => members.labels[key] !== value);
  return sentinels === members || own === undefined ? undefined : { labels: { [own[0]]: own[1] } };
}

function isSentinel({ containers }: SeenSet): boolean {
  return containers.some(
    (one) =>
      /sentinel/.test(imageName(one.image)) ||
      portsOf(one).some(({ containerPort }) => containerPort === SENTINEL_PORT),
  );
}

function isServer({ containers }: SeenSet): boolean {
  return containers.some((one) => portsOf(one).some(({ containerPort }) => containerPort === SERVER_PORT));
}

/** A port for the bus of a cluster is that of clients and 10,000 (Redis documentation, "Redis cluster specification"). */
function isCluster({ containers }: SeenSet): boolean {
  return containers.some(
    (one) =>
      /redis-cluster/.test(imageName(one.image)) ||
      portsOf(one).some(({ containerPort }) => containerPort === SERVER_PORT + 10_000),
  );
}

export const recognition: StoreRecognition = {
  name: 'redis',
  image: /^redis(-(stack|stack-server|cluster|sentinel|server))?$/,
  port: SERVER_PORT,
  companion: (set) => isSentinel(set) && !isServer(set),
  together: [SPOTAHOME],
  section,
};
