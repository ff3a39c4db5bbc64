import type { X509Certificate } from 'node:crypto';
import { checkServerIdentity, connect } from 'node:tls';
import type { PeerCertificate, TLSSocket } from 'node:tls';

/** What was served; all but `detail` is null or empty where there was no handshake. */
export interface Handshake {
  /** ISO 8601. */
  validFrom: string | null;
  validTo: string | null;
  /** The common name of its subject; empty where it has none. */
  issuedTo: string | null;
  /** The certificates that were sent behind it, in their order. */
  chain: { issuedTo: string; validTo: string }[];
  chainOk: boolean | null;
  nameOk: boolean | null;
  /** Its signer and what is wrong with it, or why there was no handshake. */
  detail: string;
}

export interface Endpoint {
  host: string;
  port: number;
  serverName?: string | undefined;
  /** Trusted authorities as PEM, or those of the system; if undefined, neither chain nor name is verified. */
  trusted?: { pem: string } | 'system' | undefined;
}

/**
 * Does a TLS handshake and reads the served certificate. A certificate that a client would refuse is no error: the result says what
 * is wrong with it. Never throws: without a handshake `detail` says why.
 */
export function servedCertificate(
  at: Endpoint,
  limits: { timeoutMs: number; signal: AbortSignal },
): Promise<Handshake> {
  return new Promise((resolve) => {
    const { host, port, trusted } = at;
    const servername = at.serverName ?? (/^[\d.:]+$/.test(host) ? '' : host);
    // An intermediate certificate that is declared is enough, as for kubectl.
    const ca =
      trusted === undefined || trusted === 'system' ? {} : { ca: trusted.pem, allowPartialTrustChain: true };
    // OpenSSL only verifies the chain; the name is checked later, so that both faults are reported. A kubelet requests a client
    // certificate but does not require one during the handshake.
    const checks = { rejectUnauthorized: false, checkServerIdentity: () => undefined };
    const socket = connect({ host, port, servername, ...ca, ...checks });
    const end = (result: Handshake): void => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => end(without('given up'));
    const timer = setTimeout(
      () => end(without(`no TLS handshake within ${limits.timeoutMs} ms`)),
      limits.timeoutMs,
    );
    limits.signal.addEventListener('abort', onAbort, { once: true });
    socket.once('secureConnect', () => end(read(socket, at)));
    socket.once('error', (error: Error) => end(without(error.message)));
  });
}

export function without(detail: string): Handshake {
  return { validFrom: null, validTo: null, issuedTo: null, chain: [], chainOk: null, nameOk: null, detail };
}

/** Without a certificate Node answers with an empty object, whatever its types say. */
function read(socket: TLSSocket, { host, serverName, trusted }: Endpoint): Handshake {
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  if (certificate.valid_to === undefined || certificate.valid_from === undefined)
    return without('no certificate was served');
  const own = {
    validFrom: new Date(certificate.valid_from).toISOString(),
    validTo: new Date(certificate.valid_to).toISOString(),
    issuedTo: nameIn(certificate.subject),
    chain: chainOf(socket.getPeerX509Certificate()?.issuerCertificate),
  };
  const signer = `signed by ${nameIn(certificate.issuer) || 'nobody'}`;
  if (trusted === undefined) return { ...own, chainOk: null, nameOk: null, detail: signer };
  const wrongName = checkServerIdentity(serverName ?? host, certificate as PeerCertificate);
  const wrongChain = socket.authorized ? [] : [String(socket.authorizationError)];
  return {
    ...own,
    chainOk: socket.authorized,
    nameOk: wrongName === undefined,
    detail: [signer, ...wrongChain, ...(wrongName === undefined ? [] : [wrongName.message])].join('; '),
  };
}

/** The certificate and those behind it. Unlike `getPeerCertificate(true)`, this has none that only this machine knows. */
function chainOf(first: X509Certificate | undefined): Handshake['chain'] {
  if (first === undefined) return [];
  const issuedTo = /^CN=(.*)$/m.exec(first.subject)?.[1] ?? '';
  return [{ issuedTo, validTo: first.validToDate.toISOString() }, ...chainOf(first.issuerCertificate)];
}

/** Empty where there is no common name. */
function nameIn(of: PeerCertificate['subject'] | undefined): string {
  return String(of?.CN ?? '');
}
