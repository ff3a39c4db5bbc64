import { beside, guess, todo } from '../drafting.ts';
import type { DraftMap } from '../drafting.ts';
import { addressOf, commonSection, imageName, portsOf, servicesOf } from '../store/recognising.ts';
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
  // In the pods of the members, or in sets of their own.
  const watching = isSentinel(set) ? seen.sets : seen.companions;
  const [watcher] = watching;
  if (watcher === undefined) return { ...commonSection(seen, { recognition, oneLeads: true }), user };
  const { namespace, name } = watcher;
  const { primary: entry } = servicesOf({ sets: watching, services: seen.services }, [SENTINEL_PORT]);
  const address = todo(
    entry === undefined
      ? { host: `${name}.${namespace}.svc`, port: SENTINEL_PORT }
      : addressOf(entry, [SENTINEL_PORT]),
    `a Service of the Sentinels that watch it: kubectl get services -n ${namespace}`,
  );
  return {
    ...commonSection(seen, { recognition }),
    primary: address, // clients ask any Sentinel for the master
    user,
    // A Service of all Sentinels is no address of the master.
    services: undefined,
    replica: undefined,
    sentinel: {
      master: guess('mymaster', `the name of the master: redis-cli -p ${SENTINEL_PORT} sentinel masters`),
      addresses: [address],
    },
    peers: peersOf(watcher, set),
  };
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
