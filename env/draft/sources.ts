/** What is asked beside the API server and the stores: Prometheus, logs, traces, alerts, dashboards. All of it is commented out. */
import { below, commentedOut, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { addressOf, imageName, servicesOf } from '../../probes/store/recognising.ts';
import { recogniseSources } from '../../probes/signals/recognise.ts';
import type { FoundSource, SourceUse } from '../../probes/signals/recognise.ts';
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

function urlOf({ address, set }: FoundSource): string {
  const { host, port } = address ?? { host: `${set.name}.${set.namespace}.svc`, port: 80 };
  return `http://${host}:${port}`;
}

interface Sources {
  prometheus: Draft | undefined;
  /** Where Prometheus was found. */
  asked: string | undefined;
  telemetry: Draft | undefined;
  /** Their names for people, and those that nothing asks yet. */
  labels: string[];
}

/** Of a Prometheus elsewhere, where objects say that somebody scrapes. */
export const ELSEWHERE: Draft = commentedOut(
  [open('no Prometheus was recognised, but objects say that one scrapes: where is it?')],
  { url: 'https://prometheus.example.com', scrapeSeconds: 15 },
);

export function sourcesDraft({ sets, listing }: Seen, stores: readonly FoundStore[], path: string): Sources {
  const found = recogniseSources(sets, listing.objects['v1/Service']);
  // Of several parts of one source, that which answers questions is asked, and has a Service.
  const of = (use: SourceUse): FoundSource[] =>
    found
      .filter(({ source }) => source.use === use)
      .toSorted((a, b) => Number(isFront(b)) - Number(isFront(a)))
      .toSorted((a, b) => Number(a.address === null) - Number(b.address === null));
  const telemetry: DraftMap = {
    logs: lokiDraft(of('logs'), of('shipper')) ?? logsDraft(of('shipper'), stores),
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
    asked: of('prometheus').map(urlOf)[0],
    telemetry: any
      ? commentedOut([prometheus === undefined ? open(REACH) : ASKED, ...others], telemetry)
      : undefined,
    labels: [...new Set(found.map(({ source }) => source.label))],
  };
}

function isFront({ source, set }: FoundSource): boolean {
  return source.front?.test(set.name) === true;
}

function prometheusDraft([first, ...others]: readonly FoundSource[]): Draft | undefined {
  if (first === undefined) return undefined;
  return commentedOut(
    [
      open(REACH),
      ...(first.clusterAddress === null ? [] : [withoutNames(first.clusterAddress)]),
      ...others.map((one) => `Also found: ${one.source.label} ${urlOf(one)}`),
    ],
    {
      url: urlOf(first),
      scrapeSeconds: todo(15, 'its scrape interval: GET /api/v1/status/config'),
    },
  );
}

function plain([first]: readonly FoundSource[], kibana?: FoundSource): Draft | undefined {
  const kind = first?.source.kind;
  if (first === undefined || kind === undefined) return undefined;
  return { kind, url: urlOf(first), ...(kibana !== undefined && { kibana: { url: urlOf(kibana) } }) };
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

const TENANT = open('with auth_enabled, the tenant whose logs these are: `tenant`');

function lokiDraft([loki]: readonly FoundSource[], [shipper]: readonly FoundSource[]): Draft | undefined {
  if (loki?.source.kind === undefined) return undefined;
  return {
    kind: below([TENANT], loki.source.kind),
    url: urlOf(loki),
    ...shipperDraft(shipper),
  };
}

function shipperDraft(shipper: FoundSource | undefined): DraftMap {
  if (shipper?.set.kind !== 'DaemonSet') return {};
  const { namespace, name } = shipper.set;
  return { shipper: { daemonSet: { namespace, name } } };
}

/** Logs are asked of an Elasticsearch or an OpenSearch: of a second one where there are two, since a store of the platform should not hold its own logs. */
function logsDraft([shipper]: readonly FoundSource[], stores: readonly FoundStore[]): Draft | undefined {
  const searching = stores.filter(({ recognition }) => recognition.name === 'elasticsearch');
  const store = searching[1] ?? searching[0];
  if (store === undefined || shipper === undefined) return undefined;
  const wanted = [store.recognition.port];
  const { primary } = servicesOf(store, wanted);
  const [set] = store.sets;
  const { host, port } =
    primary === undefined
      ? { host: `${set.name}.${set.namespace}.svc`, port: wanted[0] ?? 0 }
      : addressOf(primary, wanted);
  return {
    kind: isOpensearch(store) ? 'opensearch' : 'elasticsearch',
    url: `http://${host}:${port}`,
    index: todo('logs-*', 'the pattern of its indices: GET _cat/indices'),
    ...shipperDraft(shipper),
  };
}

function isOpensearch({ sets }: FoundStore): boolean {
  return sets.some(({ containers }) => containers.some(({ image }) => imageName(image) === 'opensearch'));
}

/** `topology.certificates`: that of the API server, and those of hosts at the edge commented out. */
export function certificatesDraft({ pin, serverName, proxy }: Listing, entries: readonly Entry[]): Draft {
  const hosts = [...new Set(entries.flatMap(({ host, tls }) => (tls ? [host] : [])))].sort();
  const { hostname, port } = new URL(pin.server);
  const ofServer = {
    name: 'API server',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 443 : Number(port),
    serverName,
    trust: 'cluster',
  };
  const direct = `it was reached through the proxy ${proxy}: is it reached directly from where Plumbline runs? Certificates are read in no other way`;
  return [
    proxy === null ? ofServer : commentedOut([open(direct)], ofServer),
    ...hosts.slice(0, MOST).map((host, at) =>
      commentedOut(
        at === 0
          ? [open('are these reached from where Plumbline runs, and signed by a public authority?')]
          : [],
        {
          ...{ name: host, host, port: 443, trust: 'system' },
        },
      ),
    ),
  ];
}
