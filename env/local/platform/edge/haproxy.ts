/** The platform's part of the load balancer's configuration: TLS ends here, and Traefik's NodePort is behind it. */
import { join } from 'node:path';
import type { NodeSpec } from '../../nodes/addressing.ts';
import { certificateFiles, type CertificateFiles } from '../certificate.ts';

/** Where every node that runs Traefik listens (traefik/manifests.yaml). */
const TRAEFIK_NODE_PORT = 30080;

/** Where the edge's certificate and authority lie in an instance's state folder. */
export function edgeFiles(stateDir: string): CertificateFiles {
  return certificateFiles(join(stateDir, 'edge'));
}

/** The name that the certificate is for, beside the address. */
export const EDGE_HOST = 'tender.plumbline.test';

/**
 * haproxy sections for the address that clients use. Marks that a client brought along are dropped: only the hops
 * themselves may set them. A node that runs no Traefik fails its check and gets nothing.
 */
export function renderEdge(
  address: string,
  files: CertificateFiles,
  nodes: readonly Pick<NodeSpec, 'name' | 'address'>[],
): string {
  const servers = nodes.map((node) => `    server ${node.name} ${node.address}:${String(TRAEFIK_NODE_PORT)}`);
  return [
    'frontend edge',
    `    bind ${address}:443 ssl crt ${files.serverPem} ssl-min-ver TLSv1.2 alpn http/1.1`,
    '    mode http',
    '    option forwardfor',
    '    timeout client 60s',
    ...['haproxy', 'traefik', 'gateway'].map((hop) => `    http-request del-header x-plumbline-hop-${hop}`),
    '    http-request set-header x-plumbline-hop-haproxy haproxy',
    '    http-request set-header x-forwarded-proto https',
    '    default_backend traefik',
    '',
    'backend traefik',
    '    mode http',
    '    balance roundrobin',
    '    timeout connect 1s',
    '    timeout server 30s',
    '    option redispatch 1',
    '    retries 2',
    '    retry-on conn-failure empty-response',
    '    http-reuse safe',
    '    option httpchk GET /ping',
    '    http-check expect status 200',
    '    default-server check inter 1s fastinter 200ms fall 2 rise 1',
    ...servers,
    '',
  ].join('\n');
}
