import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { LoadRequest } from '../engine.ts';

/** Made at the first use of TLS: reading the certificate authorities takes longer than the rest of a load's start. */
export function secureContextOf({ ca, client }: Pick<LoadRequest, 'ca' | 'client'>): () => SecureContext {
  let made: SecureContext | undefined;
  const own = ca === undefined ? [] : [ca];
  return () =>
    (made ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...own])],
      allowPartialTrustChain: true, // as k6 does
      ...(client !== undefined && { cert: client.certificate, key: client.key }),
    }));
}
