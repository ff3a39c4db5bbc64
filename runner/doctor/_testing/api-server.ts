/** For unit tests only: an API server over TLS that answers a few paths, and a kubeconfig for it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { kubeconfigText, listening } from '../../../probes/kubernetes/_testing/listening.ts';

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

/** @param answers by path: the status and the object, or text as it is, or `made` of what was sent; every other path is 404 */
export async function apiServer(
  answers: Readonly<Record<string, { status: number; body: unknown; made?: (sent: string) => unknown }>>,
): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-doctor-'));
  const asked: string[] = [];
  const { server, url, ca: authority } = await listening();
  server.on('request', (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { status, body: given, made } = answers[request.url ?? ''] ?? { status: 404, body: {} };
    void text(request).then((sent) => {
      const body = made?.(sent) ?? given;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  let files = 0;
  return {
    url,
    ca: authority,
    asked,
    kubeconfig: ({ ca = authority, token = 'token', server: at = url } = {}) => {
      const file = path.join(folder, `kubeconfig-${++files}`);
      writeFileSync(file, kubeconfigText({ url: at, ca }, { token }));
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
