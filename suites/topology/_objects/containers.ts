import type { Probe, ServiceObject } from '../../../probes/kubernetes/objects.ts';
import { isInjected } from '../../../reports/record/names/topology-names.ts';
import type { CheckContext } from '../../harness/context.ts';
import { podsOf, setting } from './declared.ts';
import type { Found } from './declared.ts';
import { waiting } from '../workloads/declared/inventory.ts';
import { lastingContainers } from './shapes.ts';
import type { Container, PodObject } from './shapes.ts';
import { namespacedName } from '../../../probes/kubernetes/kube-object.ts';

/** A container of a workload's template: what the next pod will be. */
interface Templated {
  workload: string;
  container: Container;
}

/** Every container of a workload's template, which is recorded. */
function containersOf(ctx: CheckContext, found: Found): Templated[] {
  const spec = found.object?.spec.template.spec;
  if (spec === undefined) return [];
  const lasting = lastingContainers(spec);
  const passing = (spec.initContainers ?? []).filter((container) => !lasting.includes(container));
  ctx.record('template', {
    workload: found.name,
    containers: lasting.map(({ name }) => name),
    initContainers: passing.map(({ name }) => name),
  });
  return [...lasting, ...passing].map((container) => ({ workload: found.name, container }));
}

/** A Service and a workload to which it leads. */
export interface Leading {
  workload: string;
  service: ServiceObject;
}

/**
 * Records probes of workloads that serve, and what tells which of their containers do; other workloads need none.
 * @param services null: they could not be listed
 * @returns those that lead to them
 */
export function recordProbes(
  ctx: CheckContext,
  found: readonly Found[],
  services: readonly ServiceObject[] | null,
): Leading[] {
  const leading: Leading[] = [];
  for (const one of found.filter(({ workload }) => workload.serves)) {
    const all = containersOf(ctx, one);
    for (const { workload, container } of all)
      ctx.record('container-probes', {
        workload,
        container: container.name,
        liveness: probeText(container.livenessProbe),
        readiness: probeText(container.readinessProbe),
        ports: portsOf(container).length,
      });
    const declared = all.flatMap(({ container }) => portsOf(container));
    if (all.length === 0 || services === null) continue;
    const own = services.filter((service) => leadsTo(service, one));
    leading.push(...own.map((service) => ({ workload: one.name, service })));
    const undeclared = servedPorts(own).filter((port) => !declared.includes(port));
    ctx.record('service-ports', { workload: one.name, services: own.length, undeclared });
  }
  return leading;
}

function portsOf({ ports = [] }: Container): string[] {
  return ports.map(({ containerPort, protocol = 'TCP' }) => `${containerPort}/${protocol}`);
}

/** Ports by number to which Services lead; one by name leads to a port that a container declares, or nowhere. */
function servedPorts(services: readonly ServiceObject[]): string[] {
  const ports = services
    .flatMap(({ spec }) => spec.ports ?? [])
    .map(({ port, targetPort = port, protocol = 'TCP' }) => ({ targetPort, protocol }))
    .filter(({ targetPort }) => typeof targetPort === 'number')
    .map(({ targetPort, protocol }) => `${targetPort}/${protocol}`);
  return [...new Set(ports)];
}

const leadsTo = ({ metadata, spec }: ServiceObject, found: Found): boolean =>
  spec.type !== 'ExternalName' &&
  metadata.namespace === found.workload.namespace &&
  maySelect(spec.selector ?? {}, found);

const POD_NAME = 'statefulset.kubernetes.io/pod-name';

/**
 * Whether a Service may lead to pods of the template: one label is wanted and there, and none has another value. Labels that the template lacks are put
 * on pods later, as the role of a member or the hash of a Rollout's template: what their values are is not known.
 */
function maySelect(selector: Readonly<Record<string, string>>, { workload, object }: Found): boolean {
  const labels = object?.spec.template.metadata?.labels ?? {};
  const { [POD_NAME]: pod, ...wanted } = selector;
  if (pod !== undefined && pod.replace(/-\d+$/, '') !== workload.name) return false;
  const known = Object.entries(wanted).filter(([key]) => labels[key] !== undefined);
  return (
    (known.length > 0 || (pod !== undefined && workload.kind === 'StatefulSet')) &&
    known.every(([key, value]) => labels[key] === value)
  );
}

const namesClaims = ({ resources = {} }: Container): boolean => (resources.claims ?? []).length > 0;

type Given = Pick<NonNullable<Container['resources']>, 'requests' | 'limits'>;

export function recordResources(ctx: CheckContext, found: readonly Found[]): void {
  const resource = setting(ctx, 'gpu')?.resource;
  for (const one of found)
    for (const { workload, container } of containersOf(ctx, one)) {
      const own = container.resources?.limits ?? {};
      const { requests, limits } = effective(container.resources, one.object?.spec.template.spec.resources);
      ctx.record('container-resources', {
        workload,
        container: container.name,
        requests: quantitiesIn(requests),
        limits: quantitiesIn(limits),
        devices: one.workload.gpu === undefined ? null : devicesIn(own, resource),
        ...(namesClaims(container) && { claims: true as const }),
      });
    }
}

/**
 * What holds for a container of a pod that is made of the template. A limit without a request is the request, too: the API server writes that into pods,
 * and not into templates (Kubernetes, "Resource Management for Pods and Containers"). What the pod is given as a whole (KEP-2837) holds for a
 * container that is given nothing itself.
 */
function effective({ requests, limits }: Given = {}, pod: Given = {}): Required<Given> {
  const whole = { ...pod.limits, ...pod.requests };
  return { requests: { ...whole, ...limits, ...requests }, limits: { ...pod.limits, ...limits } };
}

function quantitiesIn(given: Record<string, string>): { cpu: string | null; memory: string | null } {
  return { cpu: given['cpu'] ?? null, memory: given['memory'] ?? null };
}

/** Limits of the declared device resource; if none is declared, of any extended resource (their names contain a slash). */
function devicesIn(limits: Record<string, string>, resource: string | undefined): number {
  return Object.entries(limits)
    .filter(([name]) => (resource === undefined ? name.includes('/') : name === resource))
    .reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Images of the templates, or of the pods where these alone have them, and whether the nodes could pull those of the pods. */
export function recordImages(ctx: CheckContext, found: readonly Found[], pods: readonly PodObject[]): void {
  for (const one of found) {
    const own = podsOf(one, pods);
    for (const { workload, container } of containersOf(ctx, one)) {
      const { name, image } = container;
      ctx.record('container-image', { workload, container: name, image });
      if (isInjected(image)) recordInjected(ctx, { workload, container: name }, own);
    }
    for (const pod of own) {
      recordPull(ctx, one.name, pod);
      recordOthers(ctx, one, pod);
    }
  }
}

function recordInjected(
  ctx: CheckContext,
  of: { workload: string; container: string },
  pods: readonly PodObject[],
): void {
  for (const pod of pods)
    for (const { name, image } of containersIn(pod.spec))
      if (name === of.container) ctx.record('injected-image', { ...of, pod: namespacedName(pod), image });
}

/** Containers that a pod does not have from its template as it is now. */
function recordOthers(ctx: CheckContext, { name: workload, object }: Found, pod: PodObject): void {
  const spec = object?.spec.template.spec;
  const templated = new Map(containersIn(spec).map(({ name, image }) => [name, image]));
  for (const { name, image } of containersIn(pod.spec)) {
    const known = templated.get(name);
    if (known !== image && !isInjected(known ?? ''))
      ctx.record('pod-image', { workload, container: name, pod: namespacedName(pod), image });
  }
}

type Containing = { containers: readonly Named[]; initContainers?: readonly Named[] } | undefined;
type Named = Pick<Container, 'name' | 'image'>;

const containersIn = (spec: Containing): readonly Named[] => [
  ...(spec?.containers ?? []),
  ...(spec?.initContainers ?? []),
];

/** `httpGet /readyz:http`, `exec`, `tcpSocket :5432`; null when there is none. */
function probeText(probe: Probe | undefined): string | null {
  if (probe === undefined) return null;
  for (const how of ['httpGet', 'tcpSocket', 'grpc', 'exec'] as const) {
    const detail = probe[how];
    if (detail !== undefined)
      return how === 'exec' ? how : `${how} ${detail.path ?? ''}:${detail.port ?? ''}`;
  }
  return null;
}

/**
 * An image was pulled once its container has an image id, which init containers keep after their end. One that is still to start, or whose pod is on no
 * node yet, has none, or no status at all.
 */
function recordPull(ctx: CheckContext, workload: string, pod: PodObject): void {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
  const ids = new Map(
    [...containerStatuses, ...initContainerStatuses].map(({ name, imageID = '' }) => [name, imageID]),
  );
  ctx.record('pull', {
    workload,
    pod: namespacedName(pod),
    troubles: waiting(pod).filter((text) => /Image|Registry/.test(text)),
    images: containersIn(pod.spec).map(({ name }) => ({
      container: name,
      pulled: (ids.get(name) ?? '') !== '',
    })),
  });
}
