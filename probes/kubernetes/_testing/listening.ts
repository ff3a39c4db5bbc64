/** What stands-in for an API server have in common: TLS under a name of their own, and a kubeconfig that expects it. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificateFor, certificateOfIntermediate } from '../../../host/_testing/certificate.ts';

const NAME = 'api.example.com';

export interface Listening {
  server: Server;
  url: string;
  /** PEM of its authority. */
  ca: string;
}

/**
 * A server at a port of its own, which answers nothing yet. It takes whatever certificate a client shows.
 * @param chained its certificate is of an intermediate authority, which a kubeconfig names alone
 */
export async function listening({ chained = false } = {}): Promise<Listening> {
  const { key, cert, ca } = await (chained ? ofIntermediate() : selfSigned());
  const server = createServer({ key, cert, requestCert: true, rejectUnauthorized: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca };
}

interface Shown {
  key: string;
  cert: string;
  ca: string;
}

async function selfSigned(): Promise<Shown> {
  const { key, cert } = await certificateFor(NAME);
  return { key, cert, ca: cert };
}

async function ofIntermediate(): Promise<Shown> {
  const { key, cert, intermediate } = await certificateOfIntermediate(NAME);
  return { key, cert, ca: intermediate };
}

/** Ends a server, whoever is connected. */
export async function closed({ server }: Pick<Listening, 'server'>): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

/** The text of a kubeconfig. @param contexts their names, the current one first */
export function kubeconfigText(
  { url, ca }: Pick<Listening, 'url' | 'ca'>,
  {
    token = 'of-the-account',
    contexts: [current, ...others] = ['c'],
  }: { token?: string; contexts?: [string, ...string[]] } = {},
): string {
  const cluster = {
    server: url,
    'tls-server-name': NAME,
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [current, ...others].map((name) => ({ name, context: { cluster: 'c', user: 'u' } })),
  });
}
