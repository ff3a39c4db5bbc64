import { checkServerIdentity as holdsName, createSecureContext } from 'node:tls';
import type { ConnectionOptions, PeerCertificate, SecureContext } from 'node:tls';
import type { StoreTlsFiles } from './store-driver.ts';

/**
 * Reading certificates takes a third of a millisecond (Node 24): with a context for each connection, a load that connects again 160 times at
 * once stood still for longer than it may be late.
 */
const contexts = new WeakMap<StoreTlsFiles, SecureContext>();

/** For `tls.connect` of any client. The certificate is held to the declared name, since members are asked by their addresses. */
export function tlsOptions(
  files: StoreTlsFiles,
): Pick<ConnectionOptions, 'secureContext' | 'checkServerIdentity'> {
  return {
    secureContext: contextOf(files),
    checkServerIdentity: (_host: string, shown: PeerCertificate) => holdsName(files.serverName, shown),
  };
}

function contextOf(files: StoreTlsFiles): SecureContext {
  const { ca, certificate: cert, key } = files;
  const context =
    contexts.get(files) ??
    createSecureContext({
      // An intermediate certificate that is declared is enough, as for kubectl.
      ...(ca !== undefined && { ca, allowPartialTrustChain: true }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  contexts.set(files, context);
  return context;
}
