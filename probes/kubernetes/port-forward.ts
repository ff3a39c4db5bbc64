import { Duplex, PassThrough, Writable } from 'node:stream';
import { PortForward } from '@kubernetes/client-node';
import type { KubeConfig } from '@kubernetes/client-node';
import { errorOfFailure, KubeError } from './errors.ts';
import { errorOfUpgrade } from './exec.ts';

/** A port of a pod. */
export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
}

/** How a WebSocket ends when both sides agree (RFC 6455, 7.4.1; with no reason given): kubelet's does when the server in the pod closes its connection. */
const AGREED = [1000, 1005];
/** How long the other side may take to agree to the end of a WebSocket. */
const GOODBYE_MS = 1000;
/** What container runtimes say where nothing listens in the pod (containerd and CRI-O quote the error of Go's dialer). */
const NOTHING_LISTENS = /connection refused/i;

export function forwardPath({ namespace, pod }: Omit<PodPort, 'port'>): string {
  return `/api/v1/namespaces/${namespace}/pods/${pod}/portforward`;
}

/**
 * One connection to a port of a pod, through the API server: subresource `portforward`, by a WebSocket with the kubeconfig's authorities, token
 * or exec plugin. Inside the pod it is a connection to `localhost`. It is open before it is known whether anything listens there: the protocol
 * says only that nothing does, by an error of the stream with the code ECONNREFUSED.
 * @returns a stream that fails with `KubeError` when the API server or kubelet ends it
 * @throws KubeError `timeout`, `aborted`, `forbidden`, `unauthorized`, `notFound`, `unreachable`, `server`
 */
export async function openForward(
  config: KubeConfig,
  to: PodPort,
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<Duplex> {
  const path = forwardPath(to);
  const server = config.getCurrentCluster()?.server ?? '';
  const where = { verb: 'port-forward', path, server, timeoutMs: Math.round(deadlineMs) };
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(errorOfFailure(null, { ...where, ...LATE })), deadlineMs);
  const abort = (): void => over.reject(errorOfFailure(null, { ...where, ...ABORTED }));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  const opening = opened(config, to, where);
  try {
    return await Promise.race([opening, over.promise]);
  } catch (cause) {
    // The library cannot be told to give up: what it opens later is closed.
    opening.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
    throw errorOfUpgrade(config, cause, { ...where, timedOut: false, aborted: false });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

const LATE = { timedOut: true, aborted: false };
const ABORTED = { timedOut: false, aborted: true };

async function opened(
  config: KubeConfig,
  { namespace, pod, port }: PodPort,
  where: { verb: string; path: string; server: string },
): Promise<Duplex> {
  // The library reads and writes these without regard to how full they are; what a store answers to a check fits into memory.
  const fromPod = new PassThrough();
  const toPod = new PassThrough();
  const stream = Duplex.from({ readable: fromPod, writable: toPod });
  // Who has not taken it yet hears of it when it does.
  stream.on('error', () => undefined);
  const refused = complaints((said) => stream.destroy(errorOf(said, { pod, port, where })));
  const forward = new PortForward(config);
  const socket: unknown = await forward.portForward(namespace, pod, [port], fromPod, refused, toPod);
  if (!isSocket(socket)) throw new Error('the library opened no websocket');
  stream.once('close', () => {
    socket.close();
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
  });
  socket.onclose = ({ code }) => {
    if (AGREED.includes(code)) fromPod.end();
    else stream.destroy(cut(where, `the stream to port ${port} broke off (WebSocket ${code})`));
  };
  return stream;
}

/** Hands over the first words on the stream of errors. */
function complaints(say: (said: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const said = chunk.toString('utf8').trim();
      if (said !== '') say(said);
      done();
    },
  });
}

function errorOf(
  said: string,
  { pod, port, where }: { pod: string; port: number; where: { verb: string; path: string } },
): Error {
  if (!NOTHING_LISTENS.test(said)) return cut(where, said);
  // As Node has it, with the port.
  const message = `connect ECONNREFUSED port ${port} within pod ${pod}`;
  return Object.assign(new Error(message), { code: 'ECONNREFUSED', port });
}

function cut(where: { verb: string; path: string }, said: string): KubeError {
  return new KubeError('server', `${where.verb} ${where.path}: ${said}`, where);
}

/** What is needed of the library's websocket, which comes without types of its own. */
interface Socket {
  close(): void;
  terminate(): void;
  onclose: ((event: { code: number }) => void) | null;
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'close' in value && 'terminate' in value;
}
