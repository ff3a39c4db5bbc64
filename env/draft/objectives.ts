/**
 * `objectives`: for services whose metrics can be guessed by the template of env/objectives/templates that fits, from what the objects of a cluster
 * show. Prometheus itself is not asked. Goals are proposals, and marked; so is a template that nothing speaks for.
 */
import { z } from 'zod';
import { below, beside, commentedOut, guess, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import type { LabelSelector, ServiceObject } from '../../probes/kubernetes/objects.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { finds, podLabels } from '../../probes/store/recognising.ts';
import { applicationsIn } from './edge.ts';
import type { SeenEdge } from './edge.ts';
import type { Listing } from './listing.ts';
import type { Seen, SeenWorkload } from './seen.ts';

/** Services of which objectives are drafted; the others are counted. */
const MOST = 10;

interface Found {
  seen: Seen;
  namespaces: readonly string[];
  stores: readonly FoundStore[];
  edge: SeenEdge;
}

/** A template that fits a service. */
interface Fit {
  template: string;
  /** Which series are the service's. */
  selector: string;
  /** A boundary that its histogram has, or should be given. */
  atMost: string;
  /** What speaks for it. */
  why: string;
  /** What to look at, where its series may be others' as well. */
  doubt?: string;
}

/** Spring Boot's documentation, Actuator: where Micrometer's registry for Prometheus is served, and where its health is. */
const ACTUATOR = /\/actuator(\/|$)/;

/** undefined: there is no Prometheus, and nothing says that one scrapes. @param url of the Prometheus that was found */
export function objectivesDraft(found: Found, url: string | undefined): Draft | undefined {
  const { seen, edge } = found;
  const monitors = monitorsIn(seen.listing);
  const applications = applicationsIn(found);
  if (url === undefined && !applications.some((one) => isScraped(one, monitors, seen))) return undefined;
  const fits = applications.flatMap((workload) => {
    const fit = fitOf(workload, { monitors, seen, edge });
    return fit === null ? [] : [{ workload, fit }];
  });
  const [usual] = [...edge.backends, ...applications];
  if (fits.length === 0) return usual === undefined ? undefined : unfitted(usual, url);
  const more = fits.length - MOST;
  return commentedOut(
    [
      'Templates by what the objects of the cluster show, selectors by the labels that scraping usually gives: Prometheus was not asked. A run says what',
      'is there instead. docs/guide/profiles-and-goals.md',
      ...(more > 0 ? [`${more} further services look so, too`] : []),
    ],
    fits.slice(0, MOST).flatMap(({ workload, fit }) => entriesOf(workload, { fit, applications })),
  );
}

const GOAL = 'the share of good requests that its owners agreed to';
const LIMIT = 'the share that its owners agreed to, and how long a good request may take (atMost)';
const ASSUMED: DraftMap = {
  status: beside('assumed', '`confirmed`, and `by` whom, once they have agreed to it'),
};

function entriesOf(
  workload: SeenWorkload,
  { fit, applications }: { fit: Fit; applications: readonly SeenWorkload[] },
): Draft[] {
  const { namespace, name } = workload.set;
  const isUnique = applications.filter(({ set }) => set.name === name).length === 1;
  const own = (isUnique ? name : `${namespace}-${name}`).replaceAll('.', '-').slice(0, 50);
  const { template, selector, atMost, why, doubt } = fit;
  const common = {
    template,
    service: name,
    selector: doubt === undefined ? selector : todo(selector, doubt),
  };
  return [
    below([`${workload.name}: ${why}`], {
      name: `${own}-requests`,
      ...common,
      indicator: 'requests',
      target: guess(0.999, GOAL),
      ...ASSUMED,
    }),
    {
      name: `${own}-latency`,
      ...common,
      indicator: 'latency',
      atMost,
      target: guess(0.99, LIMIT),
      ...ASSUMED,
    },
  ];
}

/** The pods of a Deployment or a Rollout: its name, that of a ReplicaSet, and five characters. Those of api-gateway are none of api. */
function ofPods({ namespace, name }: SeenWorkload['set']): string {
  return `namespace="${namespace}",pod=~"${name}-[a-z0-9]+-[a-z0-9]{5}"`;
}

/** Of the service at the end of the chain, with a template that nothing speaks for. */
function unfitted({ set }: SeenWorkload, url = 'PROMETHEUS'): Draft {
  const { name } = set;
  return commentedOut(
    [
      open(
        `which names have its metrics? GET ${url}/api/v1/label/__name__/values; the template that has them is one of`,
      ),
      'env/objectives/templates; or state queries of your own: docs/guide/profiles-and-goals.md',
    ],
    [
      {
        name: `${name.replaceAll('.', '-').slice(0, 50)}-requests`,
        template: 'opentelemetry',
        selector: ofPods(set),
        service: name,
        indicator: 'requests',
        target: guess(0.999, GOAL),
        ...ASSUMED,
      },
    ],
  );
}

/** Its own metrics before those of a proxy beside it, and these before those of the gateway. */
function fitOf(
  workload: SeenWorkload,
  { monitors, seen, edge }: { monitors: readonly Monitor[]; seen: Seen; edge: SeenEdge },
): Fit | null {
  return (
    micrometer(workload, monitors, seen) ??
    openTelemetry(workload, seen) ??
    istio(workload) ??
    gateway(workload, { seen, edge })
  );
}

function micrometer(workload: SeenWorkload, monitors: readonly Monitor[], seen: Seen): Fit | null {
  const why = springSign(workload, monitors, seen);
  if (why === null) return null;
  return {
    template: 'micrometer',
    why,
    atMost: '500ms',
    selector: `${ofPods(workload.set)},uri!~"/actuator.*"`,
  };
}

/** What says that a workload is a Spring Boot service, in words. */
function springSign(workload: SeenWorkload, monitors: readonly Monitor[], seen: Seen): string | null {
  const path = annotationsOf(workload)['prometheus.io/path'] ?? '';
  if (ACTUATOR.test(path)) return `the annotation prometheus.io/path is ${path}`;
  const monitor = monitors.find(
    (one) => one.paths.some((scraped) => ACTUATOR.test(scraped)) && isChosen(workload, one, seen),
  );
  if (monitor !== undefined) return `${monitor.name} scrapes ${monitor.paths.join(', ')}`;
  const probe = workload.object.spec.template.spec.containers
    .flatMap(({ readinessProbe, livenessProbe }) => [
      readinessProbe?.httpGet?.path,
      livenessProbe?.httpGet?.path,
    ])
    .find((one) => one !== undefined && ACTUATOR.test(one));
  return probe === undefined ? null : `its probe asks ${probe}`;
}

type Annotations = Readonly<Record<string, string>>;
const annotated = z.object({ annotations: z.record(z.string(), z.string()).default({}) });

function annotationsOf({ object }: SeenWorkload): Annotations {
  return annotated.safeParse(object.spec.template.metadata ?? {}).data?.annotations ?? {};
}

/** OpenTelemetry operator, "Injecting auto-instrumentation": the annotations of a template. */
const INJECTED = /^instrumentation\.opentelemetry\.io\/inject-(.+)$/;
/** Semantic conventions, "Specify resource attributes using Kubernetes annotations": what stands for the namespace. */
const SERVICE_NAMESPACE = 'resource.opentelemetry.io/service.namespace';

/** A job is service.namespace/service.name. Older operators set no service.namespace: then it is the name alone. */
function openTelemetry(workload: SeenWorkload, seen: Seen): Fit | null {
  const annotations = annotationsOf(workload);
  const found = Object.entries(annotations).find(([key, value]) => INJECTED.test(key) && value !== 'false');
  if (found === undefined) return null;
  const { namespace, name } = workload.set;
  const namesakes = seen.workloads.filter(({ set }) => set.name === name);
  return {
    template: 'opentelemetry',
    why: `the annotation ${found[0]}`,
    atMost: '500ms',
    selector: `job=~"(${annotations[SERVICE_NAMESPACE] ?? namespace}/)?${name}"`,
    ...(namesakes.length > 1 && {
      doubt: `a job ${name} without a namespace may be any of ${namesakes.length} workloads of this name`,
    }),
  };
}

/** Istio, "Sidecar injection": the container's name, in pods and in templates that were injected by hand. */
const SIDECAR = 'istio-proxy';

function istio({ set, pods }: SeenWorkload): Fit | null {
  const containers = [
    ...set.containers,
    ...pods.flatMap(({ spec }) => [...spec.containers, ...(spec.initContainers ?? [])]),
  ];
  if (!containers.some(({ name }) => name === SIDECAR)) return null;
  return {
    template: 'istio',
    why: `its pods have a container ${SIDECAR}`,
    atMost: '500ms',
    selector: `destination_workload_namespace="${set.namespace}",destination_workload="${set.name}"`,
  };
}

/** By what stands before the hosts of a Service: the names that each gives to what it leads to, after its documentation. */
const GATEWAYS: Readonly<
  Record<
    string,
    Pick<Fit, 'template' | 'atMost' | 'doubt'> & {
      /** @param of `ports`: numbers and names, of which an Ingress states one and Traefik repeats it (pkg/provider/kubernetes) */
      selector: (of: { entry: string; namespace: string; name: string; ports: string }) => string;
    }
  >
> = {
  'ingress-nginx': {
    template: 'ingress-nginx',
    atMost: '500ms',
    selector: ({ entry }) => `ingress="${entry}"`,
    doubt:
      'of which namespace and service? With honorLabels the labels are namespace and service, else exported_namespace and exported_service',
  },
  Traefik: {
    template: 'traefik',
    atMost: '300ms',
    selector: ({ namespace, name, ports }) => `service=~"${namespace}-${name}-(${ports})@kubernetes.*"`,
  },
  Kong: {
    template: 'kong',
    atMost: '400ms',
    selector: ({ namespace, name }) => `service=~"${namespace}[.]${name}[.].+"`,
  },
};

function gateway({ set }: SeenWorkload, { seen, edge }: { seen: Seen; edge: SeenEdge }): Fit | null {
  const label = edge.doors.map(({ product }) => product?.label ?? '').find((one) => one in GATEWAYS);
  const of = label === undefined ? undefined : GATEWAYS[label];
  if (of === undefined) return null;
  const { namespace } = set;
  const own = servicesOf(set, seen.listing);
  const [led] = edge.entries.flatMap(({ of: entry, backend }) =>
    own
      .filter(({ metadata }) => backend?.namespace === namespace && metadata.name === backend.name)
      .map(({ metadata: { name }, spec: { ports = [] } }) => ({ entry, name, ports })),
  );
  if (led === undefined) return null;
  const { entry, name } = led;
  const ports = led.ports.flatMap((one) => (one.name === undefined ? [one.port] : [one.name, one.port]));
  const { selector, ...fit } = of;
  return {
    ...fit,
    why: `${entry} leads to it through ${label ?? ''}`,
    selector: selector({ entry: entry.replace(/^.*\//, ''), namespace, name, ports: ports.join('|') }),
  };
}

function servicesOf(set: SeenWorkload['set'], { objects }: Listing): ServiceObject[] {
  return objects['v1/Service'].filter(
    (one) => one.metadata.namespace === set.namespace && podLabels(set).some((labels) => finds(one, labels)),
  );
}

/** A ServiceMonitor or PodMonitor of the Prometheus operator. */
interface Monitor {
  /** `ServiceMonitor shop/api` */
  name: string;
  /** Of the object, whose namespace is looked through unless it names others. */
  namespace: string;
  /** null: every namespace. */
  namespaces: readonly string[] | null;
  /** Whether it chooses by labels of Services, and not of pods. */
  ofServices: boolean;
  selector: LabelSelector;
  paths: readonly string[];
}

const endpoints = z.array(z.object({ path: z.string().default('/metrics') })).default([]);
const labelSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});
/** monitoring.coreos.com/v1: what of both is read. */
const monitor = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().default('') }),
  spec: z.object({
    selector: labelSelector.default({}),
    namespaceSelector: z
      .object({ any: z.boolean().default(false), matchNames: z.array(z.string()).default([]) })
      .default({ any: false, matchNames: [] }),
    endpoints,
    podMetricsEndpoints: endpoints,
  }),
});

function monitorsIn({ objects }: Listing): Monitor[] {
  return [
    ...objects['monitoring.coreos.com/v1/ServiceMonitor'],
    ...objects['monitoring.coreos.com/v1/PodMonitor'],
  ]
    .flatMap((one) => monitor.safeParse(one).data ?? [])
    .map(({ kind, metadata: { namespace, name }, spec }): Monitor => {
      const { any, matchNames } = spec.namespaceSelector;
      return {
        name: `${kind} ${namespace}/${name}`,
        namespace,
        ofServices: kind === 'ServiceMonitor',
        namespaces: any ? null : matchNames.length > 0 ? matchNames : [namespace],
        selector: selectorOf(spec.selector),
        paths: [...new Set([...spec.endpoints, ...spec.podMetricsEndpoints].map(({ path }) => path))],
      };
    });
}

function selectorOf({ matchLabels, matchExpressions }: z.infer<typeof labelSelector>): LabelSelector {
  return {
    ...(matchLabels !== undefined && { matchLabels }),
    ...(matchExpressions !== undefined && {
      matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
        key,
        operator,
        ...(values !== undefined && { values }),
      })),
    }),
  };
}

function isChosen(
  { set }: SeenWorkload,
  { namespaces, ofServices, selector }: Monitor,
  { listing }: Seen,
): boolean {
  if (namespaces !== null && !namespaces.includes(set.namespace)) return false;
  if (!ofServices) return podLabels(set).some((labels) => selects(selector, labels));
  return servicesOf(set, listing).some(({ metadata }) => selects(selector, metadata.labels ?? {}));
}

/** Whether something says that a Prometheus scrapes it: the usual annotation, or a monitor. */
function isScraped(workload: SeenWorkload, monitors: readonly Monitor[], seen: Seen): boolean {
  const isAnnotated = annotationsOf(workload)['prometheus.io/scrape'] === 'true';
  return isAnnotated || monitors.some((one) => isChosen(workload, one, seen));
}
