/** Ingress controllers, gateways and proxies by their images, as their projects name them, and the Services by which clients reach them. */
import { finds, imageName, imagePath, podLabels, servicePort } from '../store/recognising.ts';
import type { SeenSet } from '../store/recognising.ts';
import type { ServiceObject } from '../kubernetes/objects.ts';

export interface EdgeProduct {
  label: string;
  /** The name of its image, or, with a slash, the end of the image's path. */
  image: RegExp;
  /** It takes requests from outside wherever it runs. Others are proxies of any use, and stand at the edge where a Service has a port of the web. */
  always: boolean;
  /** What it leaves in answers unless it is told otherwise. */
  hop?: { header: string; contains: string };
}

const NGINX = { header: 'server', contains: 'nginx' };

/** Headers after the documentation of each: Kong (`headers`: Via), Envoy (`server_name`), Istio, NGINX (`server_tokens`), APISIX. */
const PRODUCTS: readonly EdgeProduct[] = [
  { label: 'Traefik', image: /^traefik$/, always: true },
  // The image of the project has no name of its own; the second is Bitnami's.
  {
    label: 'ingress-nginx',
    image: /(^|\/)(ingress-nginx\/controller|nginx-ingress-controller)$/,
    always: true,
    hop: NGINX,
  },
  { label: 'NGINX Ingress Controller', image: /^nginx-ingress$/, always: true, hop: NGINX },
  { label: 'HAProxy Ingress', image: /^(haproxy-ingress|kubernetes-ingress)$/, always: true },
  {
    label: 'Kong',
    image: /^(kong(-gateway)?|kubernetes-ingress-controller)$/,
    always: true,
    hop: { header: 'via', contains: 'kong' },
  },
  { label: 'Contour', image: /^contour$/, always: true },
  { label: 'Envoy Gateway', image: /(^|\/)(envoy-gateway|envoyproxy\/gateway)$/, always: true },
  {
    label: 'APISIX',
    image: /^apisix(-ingress-controller)?$/,
    always: true,
    hop: { header: 'server', contains: 'APISIX' },
  },
  {
    label: 'Istio gateway',
    image: /^proxyv2$/,
    always: false,
    hop: { header: 'server', contains: 'istio-envoy' },
  },
  {
    label: 'Envoy',
    image: /^envoy(-distroless)?$/,
    always: false,
    hop: { header: 'server', contains: 'envoy' },
  },
  { label: 'HAProxy', image: /^haproxy(-alpine|-debian|-ubuntu)?$/, always: false },
  { label: 'NGINX', image: /^(nginx(-unprivileged|-plus)?|openresty)$/, always: false, hop: NGINX },
  { label: 'Caddy', image: /^caddy$/, always: false },
];

/** Ports of a Service that clients of the web use, that with TLS first. */
export const WEB_PORTS: readonly number[] = [443, 8443, 80];

export interface FoundEdge {
  product: EdgeProduct;
  set: SeenSet;
  /** By which it is reached; null: none has a port of the web. */
  service: ServiceObject | null;
}

/** Sets that take requests from outside, or lead those that do: what is reached from outside first. */
export function recogniseEdge(sets: readonly SeenSet[], services: readonly ServiceObject[]): FoundEdge[] {
  return sets
    .flatMap((set): FoundEdge[] => {
      const product = productOf(set);
      if (product === undefined) return [];
      const service = webServiceOf(set, services);
      return product.always || service !== null ? [{ product, set, service }] : [];
    })
    .toSorted((a, b) => weightOf(b) - weightOf(a));
}

/** Whether a set is a proxy, wherever it stands. */
export function isProxy(set: SeenSet): boolean {
  return productOf(set) !== undefined;
}

/** A proxy of any use is one by its first container alone: beside a service it is that service's own. */
function productOf({ kind, containers }: SeenSet): EdgeProduct | undefined {
  const proxies = kind === 'StatefulSet' ? [] : containers.slice(0, 1);
  return PRODUCTS.find(({ image, always }) =>
    (always ? containers : proxies).some((one) => isOf(one, image)),
  );
}

function isOf({ image }: { image: string }, pattern: RegExp): boolean {
  return pattern.test(imageName(image)) || pattern.test(imagePath(image));
}

/** The Service by which clients of the web reach a set: one that is reached from outside before others, and one with TLS before others. */
export function webServiceOf(set: SeenSet, services: readonly ServiceObject[]): ServiceObject | null {
  const own = services.filter(
    (service) =>
      service.metadata.namespace === set.namespace &&
      servicePort(service, WEB_PORTS) !== undefined &&
      podLabels(set).some((labels) => finds(service, labels)),
  );
  const weight = (one: ServiceObject): number => 2 * Number(isExposed(one)) + Number(isEncrypted(one));
  return own.toSorted((a, b) => weight(b) - weight(a))[0] ?? null;
}

/** Kubernetes documentation, "Service": these types are reached from outside of the cluster. */
export function isExposed({ spec }: ServiceObject): boolean {
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort';
}

/** Whether its port of the web is one that is used with TLS. */
export function isEncrypted(service: ServiceObject): boolean {
  return [443, 8443].includes(servicePort(service, WEB_PORTS) ?? 0);
}

function weightOf({ product, service }: FoundEdge): number {
  const reached =
    service === null ? 0 : 4 * Number(isExposed(service)) + 1 + Number(isEncrypted(service)) / 2;
  return 3 * Number(product.always) + reached;
}
