import { addressOfUrl } from '../../host/http.ts';
import type { HttpEndpoint } from './connection.ts';

/**
 * How a client of the edge gets there: by the declared address where there is one, else by the name in the URL; the certificate must be for
 * that name, signed by one of `ca` (PEM; the system's authorities when left out).
 */
export function edgeEndpoint(url: URL, address: string | undefined, ca: string | undefined): HttpEndpoint {
  const serverName = /^[\d.:]+$/.test(url.hostname) ? '' : url.hostname;
  return { ...addressOfUrl(url.href, address), tls: url.protocol === 'https:' ? { serverName, ca } : null };
}
