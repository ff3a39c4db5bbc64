/** For unit tests only: an API server over TLS that answers a few paths, and a kubeconfig for it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { certificateFor } from '../../../host/_testing/certificate.ts';

export interface TestServer {
  url: string;
  /** Path of a kubeconfig. @param with_ what differs from the right one */
  kubeconfig: (with_?: { ca?: string; token?: string; server?: string }) => string;
  /** PEM of its authority. */
  ca: string;
  /** `GET /version`. */
  asked: string[];
  close: () => Promise<void>;
}

/** @param answers by path: the status and the object; every other path is 404 */
export async function apiServer(
  answers: Readonly<Record<string, { status: number; body: unknown }>>,
): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-doctor-'));
  const { key, cert } = await certificateFor('api.example.com');
  const asked: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { status, body } = answers[request.url ?? ''] ?? { status: 404, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let files = 0;
  return {
    url,
    ca: cert,
    asked,
    kubeconfig: ({ ca = cert, token = 'token', server: at = url } = {}) => {
      const file = path.join(folder, `kubeconfig-${++files}`);
      const cluster = {
        ...{ server: at, 'tls-server-name': 'api.example.com' },
        'certificate-authority-data': Buffer.from(ca).toString('base64'),
      };
      const config = {
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'c', user: { token } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
      };
      writeFileSync(file, JSON.stringify(config));
      return file;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
