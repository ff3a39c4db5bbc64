import { addressOfUrl } from '../../host/http.ts';
import type { HttpEndpoint } from './connection.ts';

/** What a client shows in TLS, PEM. */
export interface ClientCertificate {
  certificate: string;
  key: string;
}

/**
 * How a client of the edge gets there: by the declared address where there is one, else by the name in the URL; the certificate must be for
 * that name, signed by one of `ca` (PEM; the system's authorities when left out). `client`: what the client itself shows.
 */
export function edgeEndpoint(
  url: URL,
  address: string | undefined,
  { ca, client }: { ca: string | undefined; client?: ClientCertificate | undefined },
): HttpEndpoint {
  const serverName = /^[\d.:]+$/.test(url.hostname) ? '' : url.hostname;
  const shown = client === undefined ? {} : { cert: client.certificate, key: client.key };
  return {
    ...addressOfUrl(url.href, address),
    tls: url.protocol === 'https:' ? { serverName, ca, ...shown } : null,
  };
}
