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

/** What a question is answered with: rows, or the code of an error. */
export type Answer = { rows: readonly Readonly<Record<string, unknown>>[] } | { code: string };

export interface FakeOptions {
  /** What it shows where it speaks TLS, PEM. */
  tls?: { key: string; cert: string };
  /** Its answer to a question in Cypher; none where left out. */
  answers?: (query: string) => Answer | undefined;
}

/** Every question is answered with a routing table, in which this `host:port` takes the writes. */
export function routesTo(writer: string): Required<Pick<FakeOptions, 'answers'>> {
  const table = ['WRITE', 'READ', 'ROUTE'].map((role) => ({ role, addresses: [writer] }));
  return { answers: () => ({ rows: [{ servers: table }] }) };
}

export async function fakeServer(
  script: Script,
  { tls, answers = () => undefined }: FakeOptions = {},
): Promise<FakeServer> {
  const messages: Message[] = [];
  const sockets: Socket[] = [];
  const talk = (socket: Socket): void => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    let buffer: Buffer = Buffer.alloc(0);
    let shaken = false;
    let asked: Answer | undefined;
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
      for (const { tag, body: body, rest } of chunksOf(buffer)) {
        buffer = rest;
        const message = (Object.keys(TAGS) as Message[]).find((name) => TAGS[name] === tag);
        if (message === undefined || message === 'GOODBYE') continue;
        messages.push(message);
        const does = script(message, socket);
        if (message === 'RUN') asked = answers(queryIn(body));
        if (does !== 'silent')
          reply(socket, does === undefined ? answer(message, asked) : failure(does.code));
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

function reply(socket: Socket, bytes: Buffer): void {
  if (!socket.destroyed) socket.write(bytes);
}

/** Whole messages at the start of the buffer; each is one chunk (short ones are) and an empty one. */
function* chunksOf(buffer: Buffer): Generator<{ tag: number; body: Buffer; rest: Buffer }> {
  let at = 0;
  while (buffer.length >= at + 2) {
    const length = buffer.readUInt16BE(at);
    const end = at + 2 + length;
    if (length > 0 && buffer.length < end) return;
    const tag = length > 0 ? buffer[at + 3] : undefined;
    const body = buffer.subarray(at + 4, end);
    at = end;
    if (tag !== undefined) yield { tag, body, rest: buffer.subarray(at) };
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

function answer(message: Message, asked: Answer | undefined): Buffer {
  if (asked === undefined) return success(message);
  if ('code' in asked) return message === 'RUN' ? failure(asked.code) : success(message);
  const fields = Object.keys(asked.rows[0] ?? {});
  if (message === 'RUN') return chunk(0x70, [['fields', pack(fields)]]);
  if (message !== 'PULL') return success(message);
  return Buffer.concat([...asked.rows.map((row) => record(Object.values(row))), success(message)]);
}

function record(values: readonly unknown[]): Buffer {
  const body = Buffer.concat([Buffer.from([0xb1, 0x71]), pack(values)]);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(body.length);
  return Buffer.concat([size, body, Buffer.from([0, 0])]);
}

/** PackStream; lists and maps of fewer than 16, and numbers that fit into a byte. */
function pack(value: unknown): Buffer {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return Buffer.from([0xc8, value]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([0x90 + value.length]), ...value.map(pack)]);
  if (typeof value !== 'object' || value === null) return Buffer.from([0xc0]);
  const pairs = Object.entries(value).flatMap(([key, of]) => [text(key), pack(of)]);
  return Buffer.concat([Buffer.from([0xa0 + pairs.length / 2]), ...pairs]);
}

/** The statement of a RUN, its first field: a string whose length takes 4, 8 or 16 bits. */
function queryIn(body: Buffer): string {
  const [mark = 0] = body;
  if (mark < 0xd0) return body.toString('utf8', 1, 1 + (mark & 0x0f));
  const [at, length] = mark === 0xd0 ? [2, body.readUInt8(1)] : [3, body.readUInt16BE(1)];
  return body.toString('utf8', at, at + length);
}

function failure(code: string): Buffer {
  return chunk(0x7f, [
    ['code', text(code)],
    ['message', text('said the server')],
  ]);
}
