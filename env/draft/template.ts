/**
 * What nothing in a cluster can say, as comments that are the same in every draft: how the application is reached and asked, its objectives, Prometheus
 * and telemetry. Each host and each source of telemetry that was found is a line above it: an address is not a way in.
 */
import { below, beside, commentedOut, guess, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import type { FoundSource, SourceUse } from '../../probes/signals/recognise.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';
import type { FoundHost } from './hosts.ts';

/** `topology.edge` */
export function edgeDraft(hosts: readonly FoundHost[], namespace: string): Draft {
  const [first] = hosts;
  return commentedOut(
    [open('how clients reach the application'), ...hosts.map(({ host, of }) => `Found: ${host} (${of})`)],
    {
      url: todo(
        `https://${first?.host ?? 'shop.example.com'}`,
        'the name that clients use, and the path below which the application answers',
      ),
      address: commentedOut(['Where that name does not resolve from where Plumbline runs'], '192.0.2.1:443'),
      trust: todo('system', 'or { file } with the certificate of the authority, where it is no public one'),
      hops: below(
        [
          open(
            'what each hop leaves in the headers of an answer, in the order in which a request passes them: curl -sv URL, with the key that it wants',
          ),
        ],
        [{ name: 'gateway', header: 'via', contains: 'gateway' }],
      ),
      backend: {
        deployment: todo({ namespace, name: 'api' }, 'the Deployment or Rollout at the end of the chain'),
        scaling: below(
          [
            open(
              'requests a second that its fewest pods carry easily, and that lift them above the target of its autoscaler; `scaledObject: NAME` where that is of KEDA',
            ),
          ],
          { lowPerSecond: 10, highPerSecond: 200, rampSeconds: 30 },
        ),
      },
    },
  );
}

/** `application`: what is asked at the edge. */
export const APPLICATION: Draft = commentedOut(
  [open('its requests, and who may ask (credentials): docs/guide/application.md')],
  {
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
  },
);

/** `objectives` of a service by the metrics of its framework, its mesh or its gateway. */
export function objectivesDraft(namespace: string): Draft {
  const common: DraftMap = {
    template: 'micrometer',
    service: 'api',
    // The pods of a Deployment: its name, that of a ReplicaSet, and five characters. Those of api-gateway are none of api.
    selector: `namespace="${namespace}",pod=~"api-[a-z0-9]+-[a-z0-9]{5}",uri!~"/actuator.*"`,
  };
  const assumed = { status: beside('assumed', '`confirmed`, and `by` whom, once its owners have agreed') };
  return commentedOut(
    [
      open(
        'for each service: the template in env/objectives/templates whose metrics Prometheus has, or queries of your own; the selector of its series; the share',
      ),
      'of good requests that its owners agreed to, and how long one may take: docs/guide/profiles-and-goals.md',
    ],
    [
      { name: 'api-requests', ...common, indicator: 'requests', target: 0.999, ...assumed },
      { name: 'api-latency', ...common, indicator: 'latency', atMost: '500ms', target: 0.99, ...assumed },
    ],
  );
}

const WHERE =
  'where is it asked, and is it reached from where Plumbline runs, and by http? A password or token needs https. `address: IP:PORT` where a name does not resolve';

/** `prometheus` */
export function prometheusDraft(sources: readonly FoundSource[]): Draft {
  const found = sources.filter(({ source }) => source.use === 'prometheus');
  return commentedOut([open(WHERE), ...found.map(lineOf)], {
    url: urlOf(found, 'prometheus'),
    scrapeSeconds: guess(15, 'its scrape interval: GET /api/v1/status/config'),
  });
}

/** `telemetry` */
export function telemetryDraft(sources: readonly FoundSource[]): Draft {
  const found = sources.filter(({ source }) => source.use !== 'prometheus');
  const asked = (use: SourceUse, kind: string): DraftMap => {
    const own = found.filter(({ source }) => source.use === use);
    return { kind: own[0]?.source.kind ?? kind, url: urlOf(own, use) };
  };
  const shipper = found.find(({ source, set }) => source.use === 'shipper' && set.kind === 'DaemonSet')?.set;
  return commentedOut([open(WHERE), ...found.map(lineOf)], {
    logs: {
      kind: 'elasticsearch',
      url: 'https://logs.example.com',
      index: guess(
        'logs-*',
        'the pattern of its indices: GET _cat/indices; and the names of their fields (`fields`, docs/guide/telemetry.md)',
      ),
      shipper: shipper && { daemonSet: { namespace: shipper.namespace, name: shipper.name } },
    },
    traces: {
      ...asked('traces', 'jaeger2'),
      path: below(
        [
          open(
            'the services that one request passes, by service.name of their spans, each after its parent; `workload` and `loggedAs` where its workload or its log lines have another name',
          ),
        ],
        [{ service: 'api' }],
      ),
    },
    alerts: asked('alerts', 'alertmanager'),
    dashboards: asked('dashboards', 'grafana'),
  });
}

function lineOf({ source, set, address }: FoundSource): string {
  const where = address === null ? nameOf(set) : `${nameOf(set)}, ${addressUrl(address)}`;
  return `Found: ${source.label}, ${where}${source.use === 'other' ? ', which nothing asks yet' : ''}`;
}

/** Of the first that has a Service. @param called in the proposal of an address where none has */
function urlOf(found: readonly FoundSource[], called: string): string {
  const [first] = found.flatMap(({ address }) => address ?? []);
  return first === undefined ? `https://${called}.example.com` : addressUrl(first);
}

function addressUrl({ host, port }: { host: string; port: number }): string {
  return `http://${host}:${port}`;
}
