/** Trust in an authority beside the system's. */
import { getCACertificates } from 'node:tls';

/**
 * Go takes the file that SSL_CERT_FILE names in place of the system's bundle, so that the bundle goes into it too.
 * @param ca PEM
 */
export function bundleWith(ca: string): string {
  return [...getCACertificates('system'), ca, ''].join('\n');
}

export function tlsEnvironment(file: string): Record<string, string> {
  return { SSL_CERT_FILE: file };
}
