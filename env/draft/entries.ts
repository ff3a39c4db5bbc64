/** Hosts by which clients reach what is in a cluster: those of Ingresses, and of HTTPRoutes with their Gateways. */
import { z } from 'zod';
import type { IngressObject, ServiceObject } from '../../probes/kubernetes/objects.ts';
import type { Listing } from './listing.ts';

export interface Entry {
  host: string;
  tls: boolean;
  /** Addresses and names that its controller states. */
  addresses: readonly string[];
  /** The Service behind it. */
  backend: { namespace: string; name: string } | undefined;
  /** `Ingress shop/api` */
  of: string;
}

/**
 * Annotations by which a provider's load balancer has a certificate, and `spec.tls` has none: AWS Load Balancer Controller, GKE (their documentation,
 * "Ingress annotations" and "Google-managed SSL certificates").
 */
const BALANCED = [
  'alb.ingress.kubernetes.io/certificate-arn',
  'networking.gke.io/managed-certificates',
  'ingress.gcp.kubernetes.io/pre-shared-cert',
];

/** Of these namespaces, those with TLS first. */
export function entriesIn(listing: Listing, namespaces: readonly string[]): Entry[] {
  const { objects } = listing;
  const isOurs = ({ metadata }: { metadata: { namespace?: string } }): boolean =>
    namespaces.includes(metadata.namespace ?? '');
  const gateways = objects['gateway.networking.k8s.io/v1/Gateway'].flatMap(
    (one) => gateway.safeParse(one).data ?? [],
  );
  const routes = objects['gateway.networking.k8s.io/v1/HTTPRoute'].filter(isOurs);
  return [
    ...objects['networking.k8s.io/v1/Ingress'].filter(isOurs).flatMap(ofIngress),
    ...routes.flatMap((one) => route.safeParse(one).data ?? []).flatMap((one) => ofRoute(one, gateways)),
  ].toSorted((a, b) => Number(b.tls) - Number(a.tls));
}

/** Names of hosts, without those that stand for several. */
function plainHosts(hosts: readonly unknown[]): string[] {
  return [...new Set(hosts)].filter(
    (one): one is string => typeof one === 'string' && one !== '' && !one.includes('*'),
  );
}

const ingressPath = z.object({ backend: z.object({ service: z.object({ name: z.string() }) }) });
const ingressTls = z.object({
  tls: z.array(z.object({ hosts: z.array(z.string()).default([]) })).default([]),
});

function ofIngress({ metadata, spec, status }: IngressObject): Entry[] {
  const { namespace = '', name, annotations = {} } = metadata;
  const balanced = BALANCED.some((one) => (annotations[one] ?? '') !== '');
  const rules = spec.rules ?? [];
  const tls = plainHosts((ingressTls.safeParse(spec).data?.tls ?? []).flatMap(({ hosts }) => hosts));
  return plainHosts([...rules.map((rule) => rule['host']), ...tls]).map((host): Entry => {
    const [path] = rules.filter((rule) => rule['host'] === host).flatMap(({ http }) => http?.paths ?? []);
    const service = ingressPath.safeParse(path).data?.backend.service.name;
    return {
      host,
      tls: balanced || tls.includes(host),
      of: `Ingress ${namespace}/${name}`,
      addresses: addressesOf(status),
      backend: service === undefined ? undefined : { namespace, name: service },
    };
  });
}

/** Where the provider's load balancer is, of a Service or an Ingress. */
export function addressesOf(status: ServiceObject['status']): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
}

/** Gateway API v1, `Gateway` and `HTTPRoute`: what of them is read. */
const place = { name: z.string(), namespace: z.string().optional() };
const metadata = z.object({ name: z.string(), namespace: z.string().default('') });
const gateway = z.object({
  metadata,
  spec: z.object({
    listeners: z
      .array(z.object({ name: z.string(), protocol: z.string(), hostname: z.string().optional() }))
      .default([]),
  }),
  status: z.object({ addresses: z.array(z.object({ value: z.string() })).default([]) }).optional(),
});
const route = z.object({
  metadata,
  spec: z.object({
    hostnames: z.array(z.string()).default([]),
    parentRefs: z.array(z.object({ ...place, sectionName: z.string().optional() })).default([]),
    rules: z
      .array(
        z.object({
          backendRefs: z.array(z.object({ ...place, kind: z.string().default('Service') })).default([]),
        }),
      )
      .default([]),
  }),
});

function ofRoute(
  { metadata: own, spec }: z.infer<typeof route>,
  gateways: readonly z.infer<typeof gateway>[],
): Entry[] {
  const parents = spec.parentRefs.flatMap(({ name, namespace = own.namespace, sectionName }) =>
    gateways
      .filter((one) => one.metadata.name === name && one.metadata.namespace === namespace)
      .map(({ spec: { listeners }, status }) => ({
        listeners: listeners.filter((one) => sectionName === undefined || one.name === sectionName),
        addresses: (status?.addresses ?? []).map(({ value }) => value),
      })),
  );
  const listeners = parents.flatMap((one) => one.listeners);
  const hosts = spec.hostnames.length > 0 ? spec.hostnames : listeners.map(({ hostname }) => hostname);
  const [behind] = spec.rules
    .flatMap(({ backendRefs }) => backendRefs)
    .filter(({ kind }) => kind === 'Service');
  return plainHosts(hosts).map((host) => ({
    host,
    of: `HTTPRoute ${own.namespace}/${own.name}`,
    tls: listeners.some(({ protocol }) => protocol === 'HTTPS'),
    addresses: parents.flatMap(({ addresses }) => addresses),
    backend: behind && { namespace: behind.namespace ?? own.namespace, name: behind.name },
  }));
}
