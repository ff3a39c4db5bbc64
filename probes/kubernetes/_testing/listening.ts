/** What stands-in for an API server have in common: TLS under a name of their own, and a kubeconfig that expects it. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificateFor } from '../../../host/_testing/certificate.ts';

const NAME = 'api.example.com';

export interface Listening {
  server: Server;
  url: string;
  /** PEM of its authority. */
  ca: string;
}

/** A server at a port of its own, which answers nothing yet. It takes whatever certificate a client shows. */
export async function listening(): Promise<Listening> {
  const { key, cert } = await certificateFor(NAME);
  const server = createServer({ key, cert, requestCert: true, rejectUnauthorized: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: cert };
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
    ...{ server: url, 'tls-server-name': NAME },
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  };
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': current },
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [current, ...others].map((name) => ({ name, context: { cluster: 'c', user: 'u' } })),
  });
}
