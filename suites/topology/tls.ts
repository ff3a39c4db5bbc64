import { connect } from 'node:tls';
import type { PeerCertificate } from 'node:tls';

export interface Handshake {
  /** ISO 8601; absent when there was no certificate. */
  validTo?: string;
  issuer?: string;
  error?: string;
}

/**
 * Shakes hands and reads what certificate is served, whoever signed it: this asks how long it lasts, not whom it names.
 * Never throws: `error` says why there is none.
 */
export function servedCertificate(
  at: { host: string; port: number; serverName?: string | undefined },
  limits: { timeoutMs: number; signal: AbortSignal },
): Promise<Handshake> {
  return new Promise((resolve) => {
    const servername = at.serverName ?? (/^[\d.:]+$/.test(at.host) ? '' : at.host);
    // A kubelet asks for a client certificate but does not insist on one during the handshake.
    const socket = connect({ host: at.host, port: at.port, servername, rejectUnauthorized: false });
    const end = (result: Handshake): void => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => end({ error: 'given up' });
    const timer = setTimeout(
      () => end({ error: `no TLS handshake within ${limits.timeoutMs} ms` }),
      limits.timeoutMs,
    );
    limits.signal.addEventListener('abort', onAbort, { once: true });
    socket.once('secureConnect', () => end(read(socket.getPeerCertificate())));
    socket.once('error', (error: Error) => end({ error: error.message }));
  });
}

/** Without a certificate Node answers with an empty object, whatever its types say. */
function read(certificate: Partial<PeerCertificate>): Handshake {
  if (certificate.valid_to === undefined) return { error: 'no certificate was served' };
  return {
    validTo: new Date(certificate.valid_to).toISOString(),
    issuer: certificate.issuer?.CN?.toString() ?? '',
  };
}

/**
 * Runs at most `atOnce` at a time (a thousand handshakes at once would time each other out), and begins no more after
 * `budgetMs`: behind a firewall that drops packets, every single one would wait for its full time-out. What was not begun
 * is returned.
 */
export async function inParallel<T>(
  items: readonly T[],
  limits: { atOnce: number; budgetMs: number },
  work: (item: T) => Promise<void>,
): Promise<T[]> {
  const end = performance.now() + limits.budgetMs;
  const queue = [...items];
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const item = queue.shift();
      if (item === undefined) return;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.atOnce, items.length) }, worker));
  return queue;
}
