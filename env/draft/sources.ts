/** What is asked beside the API server and the stores: Prometheus, logs, traces, alerts, dashboards. All of it is commented out. */
import { below, beside, commentedOut, guess, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { imageName, servicesOf } from '../../probes/store/recognising.ts';
import { addressesBy, recogniseSources } from '../../probes/signals/recognise.ts';
import type { FoundSource, SourceUse } from '../../probes/signals/recognise.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';
import type { Entry } from './entries.ts';
import type { Listing } from './listing.ts';
import type { Seen } from './seen.ts';

const REACH = 'is it reached from where Plumbline runs, and by http? A password or token needs https.';
/** Below the same question of Prometheus. */
const ASKED = 'Reached as Prometheus is? A password or token needs https.';
/** Hosts and the like that a comment lists. */
const MOST = 10;

/** Names of Services are known within the cluster only; a node, and whoever is routed to it, reaches their addresses as well. */
const withoutNames = (clusterAddress: string): string =>
  `Where the cluster's names are not known and its Services are routed: address: ${clusterAddress}`;

type Reached = Pick<FoundSource, 'address' | 'clusterAddress' | 'set'>;

/** Of its Service; where none was recognised, a proposal of no address. @param called in that proposal */
function urlOf({ address, set }: Reached, called: string): Draft {
  if (address !== null) return addressUrl(address);
  return todo(
    `https://${called}.example.com`,
    `no Service of ${nameOf(set)} was recognised: where is it asked?`,
  );
}

/** The same, with the address that leads there without a name. */
function urlBeside(found: Reached, called: string): Draft {
  const url = urlOf(found, called);
  const { clusterAddress } = found;
  return clusterAddress === null
    ? url
    : beside(url, `where that name is not known, address: ${clusterAddress}`);
}

function addressUrl({ host, port }: { host: string; port: number }): string {
  return `http://${host}:${port}`;
}

interface Sources {
  prometheus: Draft | undefined;
  /** Where Prometheus was found; `PROMETHEUS` where it has no address. */
  asked: string | undefined;
  telemetry: Draft | undefined;
  /** Their names for people, and those that nothing asks yet. */
  labels: string[];
}

/** Of a Prometheus elsewhere, where objects say that somebody scrapes. */
export const ELSEWHERE: Draft = commentedOut(
  [open('no Prometheus was recognised, but objects say that one scrapes: where is it?')],
  { url: 'https://prometheus.example.com', scrapeSeconds: beside(15, 'a guess') },
);

interface Around {
  seen: Seen;
  stores: readonly FoundStore[];
  /** See `archiveIn`. */
  archive: FoundStore | undefined;
}

/**
 * The Elasticsearch or OpenSearch that is an archive of logs and no store of the platform, as far as that can be told: lines of pods are shipped, and
 * beside it are parts of telemetry, but no other store, and it is not the namespace of the platform. undefined: nothing tells.
 */
export function archiveIn(
  { sets, listing }: Seen,
  { stores, platform }: { stores: readonly FoundStore[]; platform: string },
): FoundStore | undefined {
  const sources = recogniseSources(sets, listing.objects['v1/Service']);
  if (!sources.some(({ source }) => source.use === 'shipper')) return undefined;
  // A Kibana is as often beside a store of the platform.
  const among = new Set(
    sources.filter(({ source }) => source.use !== 'kibana').map(({ set }) => set.namespace),
  );
  const others = stores.filter((one) => !isSearching(one)).map(namespaceOf);
  return stores.find((one) => {
    const namespace = namespaceOf(one);
    return isSearching(one) && among.has(namespace) && namespace !== platform && !others.includes(namespace);
  });
}

const namespaceOf = ({ sets: [{ namespace }] }: FoundStore): string => namespace;

const isSearching = ({ recognition }: FoundStore): boolean => recognition.name === 'elasticsearch';

export function sourcesDraft({ seen, stores, archive }: Around, path: string): Sources {
  const { sets, listing } = seen;
  const found = recogniseSources(sets, listing.objects['v1/Service']);
  // Of several parts of one source, that which answers questions is asked, and has a Service.
  const of = (use: SourceUse): FoundSource[] =>
    found
      .filter(({ source }) => source.use === use)
      .toSorted((a, b) => Number(a.address === null) - Number(b.address === null));
  const telemetry: DraftMap = {
    logs: logsDraft(of('shipper'), { stores, archive }),
    traces: tracesDraft(of('traces'), path),
    alerts: plain(of('alerts')),
    dashboards: plain(of('dashboards'), of('kibana')[0]),
  };
  const prometheus = prometheusDraft(of('prometheus'));
  const any = Object.values(telemetry).some((one) => one !== undefined);
  const others = of('other').map(
    ({ source, set }) => `${source.label} (${set.namespace}) is there: nothing asks it yet`,
  );
  return {
    prometheus,
    asked: of('prometheus').map(({ address }) => (address === null ? 'PROMETHEUS' : addressUrl(address)))[0],
    telemetry: any
      ? commentedOut([prometheus === undefined ? open(REACH) : ASKED, ...others], telemetry)
      : undefined,
    labels: [
      ...new Set(found.map(({ source }) => source.label)),
      ...(archive === undefined ? [] : [`${archive.recognition.label} (an archive of logs)`]),
    ],
  };
}

function prometheusDraft([first, ...others]: readonly FoundSource[]): Draft | undefined {
  if (first === undefined) return undefined;
  return commentedOut(
    [
      open(REACH),
      ...(first.clusterAddress === null ? [] : [withoutNames(first.clusterAddress)]),
      ...others.map(
        ({ source, set, address }) =>
          `Also found: ${source.label} ${address === null ? nameOf(set) : addressUrl(address)}`,
      ),
    ],
    {
      url: urlOf(first, first.source.use),
      scrapeSeconds: guess(15, 'its scrape interval: GET /api/v1/status/config'),
    },
  );
}

function plain([first]: readonly FoundSource[], kibana?: FoundSource): Draft | undefined {
  const kind = first?.source.kind;
  if (first === undefined || kind === undefined) return undefined;
  return {
    kind,
    url: urlBeside(first, first.source.use),
    ...(kibana !== undefined && { kibana: { url: urlBeside(kibana, kibana.source.use) } }),
  };
}

function tracesDraft(found: readonly FoundSource[], service: string): Draft | undefined {
  const draft = plain(found);
  if (draft === undefined) return undefined;
  return {
    ...(draft as DraftMap),
    path: below(
      [
        open(
          'the services that one request passes, by service.name of their spans, each after its parent; `workload` and `loggedAs` where its workload or its log lines have another name',
        ),
      ],
      [{ service }],
    ),
  };
}

function shipperDraft(shipper: FoundSource | undefined): DraftMap {
  if (shipper?.set.kind !== 'DaemonSet') return {};
  const { namespace, name } = shipper.set;
  return { shipper: { daemonSet: { namespace, name } } };
}

/**
 * Logs are asked of the archive; where nothing tells which that is, of a second Elasticsearch or OpenSearch, since a store of the platform should not
 * hold its own logs.
 */
function logsDraft(
  [shipper]: readonly FoundSource[],
  { stores, archive }: Pick<Around, 'stores' | 'archive'>,
): Draft | undefined {
  const searching = stores.filter(isSearching);
  const store = archive ?? searching[1] ?? searching[0];
  if (store === undefined || shipper === undefined) return undefined;
  const wanted = [store.recognition.port];
  const [set] = store.sets;
  const reached = { set, ...addressesBy(servicesOf(store, wanted).primary, wanted) };
  const kind = isOpensearch(store) ? 'opensearch' : 'elasticsearch';
  const why = `${nameOf(set)} is beside parts of telemetry, and lines are shipped: no store of the platform. Where it is one, it is stores.elasticsearch`;
  return {
    kind: store === archive ? below([why], kind) : kind,
    url: urlBeside(reached, kind),
    index: guess('logs-*', INDEX),
    ...shipperDraft(shipper),
  };
}

const INDEX =
  'the pattern of its indices: GET _cat/indices; and the names of their fields (`fields`, docs/guide/telemetry.md)';

function isOpensearch({ sets }: FoundStore): boolean {
  return sets.some(({ containers }) => containers.some(({ image }) => imageName(image) === 'opensearch'));
}

/** Commented out where its certificate is not read directly, or the kubeconfig does not say whose it must be. */
function ofServer({ pin, serverName, proxy, skipsVerification }: Listing): Draft {
  const { hostname, port } = new URL(pin.server);
  const draft: DraftMap = {
    name: 'API server',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 443 : Number(port),
    serverName,
    trust: skipsVerification ? { file: '/path/to/api-server-ca.crt' } : 'cluster',
  };
  const direct = `it was reached through the proxy ${proxy}: is it reached directly from where Plumbline runs? Certificates are read in no other way`;
  const lines = [...(proxy === null ? [] : [open(direct)]), ...(skipsVerification ? [open(WHOSE)] : [])];
  return lines.length === 0 ? draft : commentedOut(lines, draft);
}

const WHOSE =
  'the kubeconfig does not verify the API server (insecure-skip-tls-verify): which authority signed its certificate? trust: system where that is a public one';

/** `topology.certificates`: that of the API server, and those of hosts at the edge commented out. */
export function certificatesDraft(listing: Listing, entries: readonly Entry[]): Draft {
  const hosts = [...new Set(entries.flatMap(({ host, tls }) => (tls ? [host] : [])))].sort();
  return [
    ofServer(listing),
    ...hosts
      .slice(0, MOST)
      .map((host, at) =>
        commentedOut(
          at === 0
            ? [open('are these reached from where Plumbline runs, and signed by a public authority?')]
            : [],
          { name: host, host, port: 443, trust: 'system' },
        ),
      ),
  ];
}
