import { Writable } from 'node:stream';
import { Exec } from '@kubernetes/client-node';
import type { KubeConfig, V1Status } from '@kubernetes/client-node';
import { refusedCredentials } from './access/credential-plugin.ts';
import { errorOfFailure, KubeError } from './errors.ts';

export interface ExecRequest {
  namespace: string;
  pod: string;
  container: string;
  command: string[];
  timeoutMs: number;
}
export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** More output than this is cut: an exec of a check answers in kilobytes. */
const MOST_BYTES = 4 * 1024 * 1024;

export function execPath({ namespace, pod }: Pick<ExecRequest, 'namespace' | 'pod'>): string {
  return `/api/v1/namespaces/${namespace}/pods/${pod}/exec`;
}

/**
 * Runs a command in a container over a websocket.
 * @returns the exit code too: a command that fails does not throw
 * @throws KubeError `timeout`, `aborted`, `forbidden`, `notFound`, `unreachable`
 */
export async function execIn(
  config: KubeConfig,
  request: ExecRequest,
  signal?: AbortSignal,
): Promise<ExecResult> {
  const path = execPath(request);
  const server = config.getCurrentCluster()?.server ?? '';
  const deadline = AbortSignal.timeout(Math.ceil(request.timeoutMs));
  const over = signal ? AbortSignal.any([deadline, signal]) : deadline;
  const out = new Collector();
  const err = new Collector();
  try {
    const status = await run(new Exec(config), request, { out, err, over });
    return { code: codeOf(status, path), stdout: out.text(), stderr: err.text() };
  } catch (cause) {
    throw errorOfUpgrade(config, cause, {
      verb: 'exec',
      path,
      server,
      timeoutMs: request.timeoutMs,
      timedOut: deadline.aborted,
      aborted: signal?.aborted ?? false,
    });
  }
}

function run(
  exec: Exec,
  request: ExecRequest,
  io: { out: Collector; err: Collector; over: AbortSignal },
): Promise<V1Status> {
  const { namespace, pod, container, command } = request;
  return new Promise((resolve, reject) => {
    let close = (): void => undefined;
    const onAbort = (): void => {
      close();
      reject(new Error('aborted'));
    };
    io.over.addEventListener('abort', onAbort, { once: true });
    const done = (status: V1Status): void => {
      io.over.removeEventListener('abort', onAbort);
      resolve(status);
    };
    exec
      .exec(namespace, pod, container, command, io.out, io.err, null, false, done)
      .then((opened: unknown) => {
        const socket = opened;
        if (!isSocket(socket)) {
          reject(new Error('the library opened no websocket'));
          return;
        }
        close = () => socket.close();
        if (io.over.aborted) close();
        // The status frame comes before the close; a close without one means that the connection broke.
        socket.onclose = () =>
          setImmediate(() => reject(new Error('the connection closed before the command ended')));
      })
      .catch(reject);
  });
}

/** What is needed of the library's websocket, which comes without types of its own. */
interface Socket {
  close(): void;
  onclose: (() => void) | null;
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

function codeOf(status: V1Status, path: string): number {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find((one) => one.reason === 'ExitCode');
  if (cause?.message !== undefined) return Number(cause.message);
  throw new KubeError('server', `exec ${path}: ${status.message ?? 'failed without a reason'}`, {
    verb: 'exec',
    path,
  });
}

/** The websocket library hides the HTTP status of a refused upgrade in its message. Credentials that the server refused are not used again. */
export function errorOfUpgrade(
  config: KubeConfig,
  cause: unknown,
  where: Parameters<typeof errorOfFailure>[1],
): KubeError {
  if (cause instanceof KubeError) return cause;
  const message = messageOf(cause);
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1];
  if (status === undefined) return errorOfFailure(cause instanceof Error ? cause : new Error(message), where);
  if (status === '401') refusedCredentials(config);
  const reason =
    ({ '401': 'unauthorized', '403': 'forbidden', '404': 'notFound' } as const)[status] ?? 'server';
  return new KubeError(reason, `${where.verb} ${where.path} at ${where.server}: ${status}`, {
    ...where,
    status: Number(status),
    cause,
  });
}

function messageOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'message' in cause
    ? String(cause.message)
    : String(cause);
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    const buffer = Buffer.from(chunk);
    if (this.#bytes < MOST_BYTES) this.#chunks.push(buffer.subarray(0, MOST_BYTES - this.#bytes));
    this.#bytes += buffer.length;
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
