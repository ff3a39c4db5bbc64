import { checkServerIdentity as holdsName } from 'node:tls';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import type { StoreTlsFiles } from './store-driver.ts';

/** For `tls.connect` of any client. The certificate is held to the declared name, since members are asked by their addresses. */
export function tlsOptions({
  ca,
  serverName,
  certificate: cert,
  key,
}: StoreTlsFiles): Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'checkServerIdentity'> {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    checkServerIdentity: (_host: string, shown: PeerCertificate) => holdsName(serverName, shown),
  };
}
