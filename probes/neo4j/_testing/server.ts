/** A server that speaks just enough of Bolt 5.0 for tests of what a client does when a connection breaks at a given message. */
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo, Socket } from 'node:net';

const TAGS = {
  HELLO: 0x01,
  RUN: 0x10,
  BEGIN: 0x11,
  COMMIT: 0x12,
  ROLLBACK: 0x13,
  PULL: 0x3f,
  RESET: 0x0f,
  GOODBYE: 0x02,
};
export type Message = keyof typeof TAGS;

const HANDSHAKE_BYTES = 20; // magic, then four versions of 4 bytes each
const MAGIC = Buffer.from('6060b017', 'hex');
const VERSION = Buffer.from([0, 0, 0, 5]);

/** What the server does with a message; `undefined`: it answers SUCCESS. */
export type Script = (message: Message, socket: Socket) => 'silent' | { code: string } | undefined;

export interface FakeServer {
  port: number;
  /** Messages of all connections, in order, without GOODBYE. */
  readonly messages: Message[];
  connections(): number;
  close(): void;
}

export interface FakeOptions {
  /** What it shows where it speaks TLS, PEM. */
  tls?: { key: string; cert: string };
  /** Every question is answered with a routing table, in which this `host:port` takes the writes. */
  writer?: string;
}

export async function fakeServer(script: Script, { tls, writer }: FakeOptions = {}): Promise<FakeServer> {
  const messages: Message[] = [];
  const sockets: Socket[] = [];
  const talk = (socket: Socket): void => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    let buffer: Buffer = Buffer.alloc(0);
    let shaken = false;
    // Neo4j closes what is not Bolt without a word.
    socket.once('data', (first) => {
      if (!first.subarray(0, MAGIC.length).equals(MAGIC)) socket.destroy();
    });
    socket.on('data', (data) => {
      buffer = Buffer.concat([buffer, data]);
      if (!shaken && buffer.length >= HANDSHAKE_BYTES) {
        shaken = true;
        buffer = buffer.subarray(HANDSHAKE_BYTES);
        socket.write(VERSION);
      }
      if (!shaken) return;
      for (const { tag, rest } of chunksOf(buffer)) {
        buffer = rest;
        const message = (Object.keys(TAGS) as Message[]).find((name) => TAGS[name] === tag);
        if (message === undefined || message === 'GOODBYE') continue;
        messages.push(message);
        const does = script(message, socket);
        if (does !== 'silent' && !socket.destroyed)
          socket.write(does === undefined ? answer(message, writer) : failure(does.code));
      }
    });
  };
  const server = tls === undefined ? createServer(talk) : createTlsServer(tls, talk);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    connections: () => sockets.length,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Whole messages at the start of the buffer; each is one chunk (short ones are) and an empty one. */
function* chunksOf(buffer: Buffer): Generator<{ tag: number; rest: Buffer }> {
  let at = 0;
  while (buffer.length >= at + 2) {
    const length = buffer.readUInt16BE(at);
    const end = at + 2 + length;
    if (length > 0 && buffer.length < end) return;
    const tag = length > 0 ? buffer[at + 3] : undefined;
    at = end;
    if (tag !== undefined) yield { tag, rest: buffer.subarray(at) };
  }
}

/** PackStream: strings up to 15 bytes are 0x80 + length, longer ones 0xD0 and a byte of length. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([
    bytes.length < 16 ? Buffer.from([0x80 + bytes.length]) : Buffer.from([0xd0, bytes.length]),
    bytes,
  ]);
}

function chunk(tag: number, metadata: readonly (readonly [string, Buffer])[]): Buffer {
  const pairs = metadata.flatMap(([key, value]) => [text(key), value]);
  const body = Buffer.concat([Buffer.from([0xb1, tag, 0xa0 + metadata.length]), ...pairs]);
  return Buffer.concat([Buffer.from([0, body.length]), body, Buffer.from([0, 0])]);
}

function success(message: Message): Buffer {
  const noFields = Buffer.from([0x90]);
  const metadata: Partial<Record<Message, [string, Buffer][]>> = {
    HELLO: [
      ['server', text('Neo4j/5.0.0')],
      ['connection_id', text('bolt-1')],
    ],
    RUN: [['fields', noFields]],
    PULL: [['type', text('w')]],
  };
  return chunk(0x70, metadata[message] ?? []);
}

/** To a question after a routing table: its one field, then its one row. */
function answer(message: Message, writer: string | undefined): Buffer {
  if (writer === undefined) return success(message);
  if (message === 'RUN')
    return chunk(0x70, [['fields', Buffer.concat([Buffer.from([0x91]), text('servers')])]]);
  return message === 'PULL' ? Buffer.concat([routingTable(writer), success(message)]) : success(message);
}

function routingTable(writer: string): Buffer {
  const role = [text('role'), text('WRITE')];
  const addresses = [text('addresses'), Buffer.from([0x91]), text(writer)];
  // A record of one field, which is a list of one map of two entries.
  const body = Buffer.concat([Buffer.from([0xb1, 0x71, 0x91, 0x91, 0xa2]), ...role, ...addresses]);
  return Buffer.concat([Buffer.from([0, body.length]), body, Buffer.from([0, 0])]);
}

function failure(code: string): Buffer {
  return chunk(0x7f, [
    ['code', text(code)],
    ['message', text('said the server')],
  ]);
}
