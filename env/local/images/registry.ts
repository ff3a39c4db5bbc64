/** The image registry: Debian's docker-registry with one storage folder, and a client that pushes to it. */
import { spawn } from 'node:child_process';
import { closeSync, createReadStream, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { askOnce } from '../../../host/http.ts';
import { lookUntil } from '../../../host/wait.ts';
import { describeHolder, holderOf, holds } from '../machine/ports.ts';
import type { Holder } from '../machine/ports.ts';
import type { Descriptor, Document } from './oci/oci.ts';

export interface RegistryOptions {
  /** `host:port` to listen on, plain HTTP. */
  readonly address: string;
  /** Name of the network namespace to listen in; default: that of this process. */
  readonly netns?: string | undefined;
  /** Folder of the blobs; may be shared by several registries. */
  readonly storage: string;
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
  /** Ends when this process ends; default: it keeps running. */
  readonly dieWithParent?: boolean;
  /** Called before the registry answers, so that it is recorded even if this process is killed while it waits. */
  readonly onSpawn?: (pid: number) => void;
}

export interface Registry {
  readonly pid: number;
  readonly address: string;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const START_DEADLINE_MS = 15_000; // it listens after about 30 ms; the margin is for a machine under load
const POLL_MS = 25;

function config(options: RegistryOptions): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: 'warn' },
    // No cache of blob descriptors, because two registries may write to the same storage.
    storage: { filesystem: { rootdirectory: options.storage }, delete: { enabled: true } },
    http: { addr: options.address, headers: { 'X-Content-Type-Options': ['nosniff'] } },
  });
}

/**
 * Starts a registry in a session of its own and waits until it answers.
 * @throws when it exits (for example because the address is in use) or does not answer within 15 s; the error holds the end of its log
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  await mkdir(options.storage, { recursive: true });
  await mkdir(dirname(options.logFile), { recursive: true });
  const configFile = join(dirname(options.logFile), `${basename(options.logFile, '.log')}.registry.yml`);
  await writeFile(configFile, config(options)); // JSON is YAML
  const log = openSync(options.logFile, 'a');
  const argv = [
    ...(options.netns === undefined ? [] : ['nsenter', `--net=/run/netns/${options.netns}`, '--']),
    ...(options.dieWithParent === true ? ['setpriv', '--pdeathsig', 'KILL'] : []),
    'docker-registry',
    'serve',
    configFile,
  ];
  const child = spawn(argv[0] ?? 'docker-registry', argv.slice(1), {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  });
  closeSync(log);
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  let ended: string | undefined;
  const over = Promise.withResolvers<undefined>();
  const end = (how: string): void => {
    ended = how;
    over.resolve(undefined);
  };
  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(`it ended with ${signal ?? `exit ${String(code)}`}`));
  child.unref();
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    // The child itself keeps no process alive, but whoever stops it waits for its end.
    child.ref();
    await over.promise;
  };
  try {
    await answering(options, child.pid ?? 0, () => ended);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { pid: child.pid ?? 0, address: options.address, url: `http://${options.address}`, stop };
}

/** Waits until the registry answers. Checks who answers: if another process holds the address, the registry is about to exit. */
async function answering(
  options: RegistryOptions,
  pid: number,
  ended: () => string | undefined,
): Promise<void> {
  const answers = await lookUntil(
    async () => ended() === undefined && holds(pid, options.address) && (await isRegistry(options.address)),
    (seen) => seen || ended() !== undefined,
    { deadlineMs: START_DEADLINE_MS, intervalMs: POLL_MS, signal: options.signal },
  );
  if (answers) return;
  const holder = strangerAt(options, pid);
  if (holder !== null)
    throw new Error(
      `the registry cannot listen on ${options.address}, which ${describeHolder(holder)} holds; end that process, or make it use another port`,
    );
  const failure = ended() ?? 'it did not answer in time';
  const tail = (await readFile(options.logFile, 'utf8').catch(() => '')).slice(-1000).trim();
  throw new Error(
    `the registry at ${options.address} did not start: ${failure}. Its log ${options.logFile} ends: ${tail}`,
  );
}

/** Another process that holds the address. In a network namespace of its own the registry cannot have one. */
function strangerAt({ address, netns }: RegistryOptions, pid: number): Holder | null {
  const holder = netns === undefined ? holderOf(address) : null;
  return holder?.pid === pid ? null : holder;
}

/** Whether something that speaks the registry API answers there. */
async function isRegistry(address: string): Promise<boolean> {
  try {
    const { status } = await askOnce({ url: `http://${address}` }, { path: '/v2/' }, { deadlineMs: 1000 });
    return status === 200;
  } catch {
    return false;
  }
}

/** Ports that were given out: whoever asked may not have bound its port yet. */
const given = new Set<number>();

/** A port of the loopback interface that was free a moment ago, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await unusedPort();
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string')
    throw new Error('no free port on the loopback interface');
  return address.port;
}

/** Body of an upload: bytes in memory, or a file that is streamed. */
export type UploadBody = Uint8Array | ReadableStream<Uint8Array>;

/** Pushes images. Remembers which repository has a blob, so that a shared layer is uploaded once. */
export class RegistryClient {
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  readonly #homes = new Map<string, string>();

  constructor(url: string, signal?: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  async #call(method: string, path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    const url = path.startsWith('http') ? path : `${this.#url}${path}`;
    return await fetch(url, { ...init, method, signal: this.#signal ?? null });
  }

  async #expect(response: Response, status: number, what: string): Promise<Response> {
    if (response.status === status) return response;
    throw new Error(
      `registry: ${what}: expected status ${String(status)}, got ${String(response.status)}: ${await response.text()}`,
    );
  }

  /** Makes the blob available in the repository; calls `body` only if no repository has it yet. */
  async pushBlob(repository: string, blob: Descriptor, body: () => UploadBody): Promise<void> {
    const held = await this.#call('HEAD', `/v2/${repository}/blobs/${blob.digest}`);
    if (held.status === 200) {
      this.#homes.set(blob.digest, repository);
      return;
    }
    const home = this.#homes.get(blob.digest);
    const mount = home === undefined ? '' : `?mount=${blob.digest}&from=${home}`;
    const opened = await this.#call('POST', `/v2/${repository}/blobs/uploads/${mount}`);
    if (opened.status === 201) return;
    await this.#expect(opened, 202, `open an upload to ${repository}`);
    const location = new URL(opened.headers.get('location') ?? '', this.#url);
    location.searchParams.set('digest', blob.digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.sizeBytes) };
    const sent = await this.#call('PUT', location.href, { headers, body: body(), duplex: 'half' });
    await this.#expect(sent, 201, `upload ${blob.digest} to ${repository}`);
    this.#homes.set(blob.digest, repository);
  }

  /** Publishes the manifest under a tag. */
  async pushManifest(repository: string, tag: string, manifest: Document): Promise<void> {
    const headers = { 'content-type': manifest.descriptor.mediaType };
    const sent = await this.#call('PUT', `/v2/${repository}/manifests/${tag}`, {
      headers,
      body: new Uint8Array(manifest.bytes),
    });
    await this.#expect(sent, 201, `publish ${repository}:${tag}`);
  }
}

/** A file as the body of an upload. */
export function fileBody(path: string): UploadBody {
  return Readable.toWeb(createReadStream(path, { highWaterMark: 1 << 20 })) as ReadableStream<Uint8Array>;
}

/** The digest that a tag points to, read from the storage folder without a running registry. */
export async function storedTag(
  storage: string,
  repository: string,
  tag: string,
): Promise<string | undefined> {
  const link = join(
    storage,
    'docker/registry/v2/repositories',
    repository,
    '_manifests/tags',
    tag,
    'current/link',
  );
  try {
    return (await readFile(link, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
