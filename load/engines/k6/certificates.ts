/** Makes k6 trust an authority in addition to the system's. */
import { getCACertificates } from 'node:tls';

/**
 * Content for SSL_CERT_FILE. Go reads that file instead of the system's bundle, so it must include the bundle.
 * @param ca PEM
 */
export function bundleWith(ca: string): string {
  return [...getCACertificates('system'), ca, ''].join('\n');
}

export function tlsEnvironment(file: string): Record<string, string> {
  return { SSL_CERT_FILE: file };
}
