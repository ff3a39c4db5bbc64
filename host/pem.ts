import { X509Certificate } from 'node:crypto';

/**
 * Why a text is no list of authorities in PEM; null: it begins with a certificate. TLS takes any other text for an empty list, and then says
 * of every server that nobody whom it trusts has signed its certificate.
 */
export function noCertificateIn(pem: string): string | null {
  try {
    new X509Certificate(pem);
    return null;
  } catch {
    return 'it holds no certificate in PEM';
  }
}
