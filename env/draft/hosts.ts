/** Hosts by which clients reach what is in the cluster, as its Ingresses name them, and the certificates that are looked at. */
import { commentedOut, open } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import type { Listing } from './listing.ts';

/** Hosts that a draft names. */
const MOST = 10;

export interface FoundHost {
  host: string;
  namespace: string;
  /** `Ingress shop/api` */
  of: string;
}

/** The first of those of Ingresses in these namespaces, but for names that stand for several. */
export function hostsIn({ objects }: Listing, namespaces: readonly string[]): FoundHost[] {
  const found = objects['networking.k8s.io/v1/Ingress'].flatMap(({ metadata, spec }) => {
    const { namespace = '', name } = metadata;
    const hosts = namespaces.includes(namespace) ? (spec.rules ?? []).map((rule) => rule['host']) : [];
    return hosts
      .filter((host) => typeof host === 'string')
      .filter((host) => host !== '' && !host.includes('*'))
      .map((host): FoundHost => ({ host, namespace, of: `Ingress ${namespace}/${name}` }));
  });
  return [...new Map(found.map((one) => [one.host, one])).values()].slice(0, MOST);
}

/** `topology.certificates`: that of the API server, and those of hosts commented out. */
export function certificatesDraft(listing: Listing, hosts: readonly FoundHost[]): Draft {
  const about = open(
    'which of these are served with TLS, reached from where Plumbline runs, and signed by a public authority?',
  );
  return [
    ofServer(listing),
    ...hosts.map(({ host }, at) =>
      commentedOut(at === 0 ? [about] : [], { name: host, host, port: 443, trust: 'system' }),
    ),
  ];
}

const WHOSE =
  'the kubeconfig does not verify the API server (insecure-skip-tls-verify): which authority signed its certificate? trust: system where that is a public one';

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
