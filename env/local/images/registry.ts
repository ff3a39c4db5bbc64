/**
 * The registry that the nodes of an instance pull from: it serves the images of the layer store, and takes none. Run as a program
 * (`registry.ts HOST:PORT STORE`) it serves until it is ended. Source of paths and headers: OCI Distribution Specification 1.1, "Pull".
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { hostAndPort } from '../../../host/http.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { blobPath, tagPath } from './oci/layer.ts';
import type { LayerStore } from './oci/layer.ts';
import { MEDIA_TYPE } from './oci/oci.ts';

/** Of an image: its manifest by tag or digest, or a blob by digest. */
const PULLED = /^\/v2\/([\w-]+)\/(?:(manifests)\/([\w.:-]+)|blobs\/([\w.:-]+))$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A server over the store, which does not listen yet. */
export function registryOver(store: LayerStore): Server {
  return createServer((request, response) => {
    serve(store, request, response).catch((error: unknown) => {
      console.error(`${request.method} ${request.url}: ${errorText(error)}`);
      response.destroy();
    });
  });
}

async function serve(
  store: LayerStore,
  { method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(url, 'http://registry'); // containerd adds a query that names the registry
  if (!['GET', 'HEAD'].includes(method)) return void response.writeHead(405).end();
  if (pathname === '/v2/') return void response.end('{}');
  const found = await findPulled(store, pathname);
  if (found === null) return void response.writeHead(404).end();
  response.writeHead(200, found.headers);
  if (method === 'HEAD') response.end();
  else await pipeline(createReadStream(found.file, { highWaterMark: 1 << 18 }), response);
}

type Pulled = { readonly file: string; readonly headers: OutgoingHttpHeaders };

/** The file that a path names, and what is said of it; null if there is none. */
async function findPulled(store: LayerStore, path: string): Promise<Pulled | null> {
  const [, name = '', manifests, reference = '', blob] = PULLED.exec(path) ?? [];
  const digest = blob ?? (reference.includes(':') ? reference : await taggedDigest(store, name, reference));
  if (!DIGEST.test(digest)) return null;
  const file = blobPath(store, digest);
  const found = await stat(file).catch(() => null);
  if (found === null) return null;
  const headers = {
    'content-type': manifests === undefined ? 'application/octet-stream' : MEDIA_TYPE.manifest,
    'content-length': found.size,
    'docker-content-digest': digest,
  };
  return { file, headers };
}

/** The digest to which a tag points; empty if there is no such tag. */
function taggedDigest(store: LayerStore, name: string, tag: string): Promise<string> {
  return readFile(tagPath(store, name, tag), 'utf8').catch(() => '');
}

if (import.meta.main) {
  const [address = '', root = ''] = process.argv.slice(2);
  registryOver({ root }).listen(hostAndPort(address));
}
