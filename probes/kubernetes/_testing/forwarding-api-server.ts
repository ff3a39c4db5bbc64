/**
 * Stands in for an API server, and the kubelet behind it, that forwards ports of pods by WebSocket. It speaks the sub-protocol v4.channel.k8s.io as
 * kubelet's streaming server does (kubelet/pkg/cri/streaming/portforward/websocket.go, Kubernetes 1.34): a byte for the channel before each
 * message, 0 for data and 1 for errors, each channel beginning with the port in two bytes. A pod is a TCP server of this machine.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { kubeconfigText, listening } from './listening.ts';
import type { Listening } from './listening.ts';

/** What is behind a port of a pod: a port of this machine, a status that refuses the upgrade, or silence. */
type Behind = { port: number } | { status: number } | 'silent';

export class ForwardingApiServer {
  readonly config: KubeConfig;
  /** By `namespace/pod:port`; a pod that is not there answers 404. */
  readonly behind = new Map<string, Behind>();
  /** What was asked for, as the keys of `behind`. */
  readonly asked: string[] = [];
  /** The token of each request. */
  readonly tokens: string[] = [];
  readonly #open = new Set<Duplex>();
  readonly #server: Listening['server'];

  private constructor(server: Listening['server'], config: KubeConfig) {
    this.#server = server;
    this.config = config;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => this.#upgrade(request, socket));
  }

  static async start(): Promise<ForwardingApiServer> {
    const of = await listening();
    const config = new KubeConfig();
    config.loadFromString(kubeconfigText(of));
    return new ForwardingApiServer(of.server, config);
  }

  /** Breaks every connection, as a server that is killed. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #upgrade(request: IncomingMessage, socket: Duplex): void {
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#open.delete(socket));
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x');
    const [, namespace, pod] =
      /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/portforward$/.exec(pathname) ?? [];
    const port = Number(searchParams.get('ports'));
    const key = `${namespace}/${pod}:${port}`;
    this.asked.push(key);
    this.tokens.push(request.headers.authorization ?? '');
    const behind = this.behind.get(key) ?? { status: 404 };
    if (behind === 'silent') return;
    if ('status' in behind) {
      socket.end(`HTTP/1.1 ${behind.status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    forward(socket, port, connect({ host: '127.0.0.1', port: behind.port }));
  }
}

const DATA = 0;
const ERRORS = 1;
const BINARY = 2;
const CLOSE = 8;

function forward(socket: Duplex, port: number, server: Socket): void {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  for (const channel of [DATA, ERRORS]) send(socket, channel, number);
  server.on('data', (data) => send(socket, DATA, data));
  server.on('error', ({ message }) => send(socket, ERRORS, Buffer.from(quoted(message))));
  server.on('close', () => {
    // 1000, as kubelet's streaming server closes.
    if (socket.writable) socket.end(frame(CLOSE, Buffer.from([3, 232])));
  });
  socket.once('close', () => server.destroy());
  reading(socket, (opcode, payload) => {
    if (opcode === CLOSE) server.end();
    else if (opcode === BINARY && payload[0] === DATA) server.write(payload.subarray(1));
  });
}

/** As containerd says it. */
function quoted(message: string): string {
  const means = message.includes('ECONNREFUSED') ? 'connection refused' : message;
  return `error forwarding port to pod: failed to connect to localhost inside namespace: dial tcp4: connect: ${means}`;
}

function send(socket: Duplex, channel: number, data: Buffer): void {
  if (socket.writable) socket.write(frame(BINARY, Buffer.concat([Buffer.from([channel]), data])));
}

/** RFC 6455, 5.2; a server does not mask. */
function frame(opcode: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? Buffer.alloc(2) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  if (payload.length < 126) head[1] = payload.length;
  else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** Hands over each frame of a client, unmasked. */
function reading(socket: Duplex, take: (opcode: number, payload: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const next = firstFrame(held);
      if (next === null) return;
      held = held.subarray(next.bytes);
      take(next.opcode, next.payload);
    }
  });
}

function firstFrame(held: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
  if (held.length < 2) return null;
  const short = (held[1] ?? 0) & 0x7f;
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + wide + 4;
  if (held.length < start) return null;
  const length = wide === 0 ? short : wide === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
  if (held.length < start + length) return null;
  const mask = held.subarray(start - 4, start);
  const payload = held.subarray(start, start + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return { opcode: (held[0] ?? 0) & 0x0f, payload: Buffer.from(payload), bytes: start + length };
}
