import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseParser } from './parser.ts';

/** Feeds the pieces as a socket would. @returns whether the response was complete after the last one */
function feed(parser: ResponseParser, ...pieces: readonly string[]): boolean {
  let done = false;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    done = parser.feed(bytes, bytes.length);
  }
  return done;
}

function bytesOf(text: string): string[] {
  return Array.from(text);
}

function read(text: string, method = 'GET'): { status: number | undefined; body: string; done: boolean } {
  const parser = new ResponseParser();
  parser.begin(method);
  const done = feed(parser, text);
  return { status: parser.head?.status, body: parser.body().toString('latin1'), done };
}

const WHOLE: [title: string, text: string, status: number, body: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello', 200, 'hello'],
  ['no body', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 404, ''],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;ext=1\r\n!\r\n0\r\n\r\n',
    200,
    'hello!',
  ],
  [
    'chunks with a trailer',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n',
    200,
    '0123456789',
  ],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n', 304, ''],
  [
    '100 and 103 before it',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    200,
    'ok',
  ],
  ['an empty reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', 200, 'x'],
  ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\nA: b\n\nok', 200, 'ok'],
  ['CR LF and bare LF', 'HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok', 200, 'ok'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n  c\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
];

describe('an answer', () => {
  for (const [title, text, status, body] of WHOLE) {
    it(`should be read with ${title}`, () => assert.deepEqual(read(text), { status, body, done: true }));

    it(`should be read with ${title}, cut at every byte and byte by byte`, () => {
      for (let cut = 1; cut < text.length; cut++) {
        const parser = new ResponseParser();
        parser.begin('GET');
        assert.equal(feed(parser, text.slice(0, cut)), false, `complete after ${cut} bytes`);
        assert.equal(feed(parser, text.slice(cut)), true);
        assert.equal(parser.body().toString('latin1'), body);
      }
      const parser = new ResponseParser();
      parser.begin('GET');
      assert.equal(feed(parser, ...bytesOf(text)), true);
      assert.equal(parser.head?.status, status);
      assert.equal(parser.body().toString('latin1'), body);
    });
  }

  it('should be read again and again on one connection, with heads that are the same and others', () => {
    const parser = new ResponseParser();
    for (const [, text, status, body] of [...WHOLE, ...WHOLE, ...WHOLE.toReversed()]) {
      parser.begin('GET');
      assert.equal(feed(parser, text), true);
      assert.deepEqual([parser.head?.status, parser.body().toString('latin1')], [status, body]);
    }
  });

  it('should join the lines of a folded header', () => {
    const parser = new ResponseParser();
    parser.begin('GET');
    feed(parser, 'HTTP/1.1 200 OK\r\nA: b \r\n\t c\nContent-Length: 0\r\n\r\n');
    assert.deepEqual(parser.head?.fields[0], ['a', 'b c']);
  });

  it('should be whole where bytes follow it, and say so', () => {
    for (const text of [
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\ny',
    ]) {
      const parser = new ResponseParser();
      parser.begin('GET');
      assert.equal(feed(parser, text), true);
      assert.deepEqual([parser.body().toString(), parser.overrun], ['x', true]);
    }
  });

  it('should have no body after HEAD', () => {
    assert.deepEqual(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD'), {
      status: 200,
      body: '',
      done: true,
    });
    assert.equal(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HEAD').done, true);
  });

  it('should end with the connection where it has no length', () => {
    const parser = new ResponseParser();
    parser.begin('GET');
    assert.equal(feed(parser, 'HTTP/1.0 200 OK\r\n\r\nhel', 'lo'), false);
    parser.end();
    assert.equal(parser.body().toString(), 'hello');
    assert.equal(parser.head?.keepAlive, false);
  });

  it('should be an error when the connection ends in the middle', () => {
    for (const text of [
      '',
      'HTTP/1.1 2',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ]) {
      const parser = new ResponseParser();
      parser.begin('GET');
      if (text !== '') assert.equal(feed(parser, text), false);
      assert.throws(() => parser.end(), /EOF/);
    }
  });

  const MALFORMED: [title: string, text: string][] = [
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello'],
    ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n'],
    ['a coding that is not chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['an empty line first', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
    ['a negative chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n'],
    ['a chunk line that ends in LF', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n'],
  ];
  for (const [title, text] of MALFORMED)
    it(`should be an error, whole and byte by byte, with ${title}`, () => {
      assert.throws(() => read(text), /malformed HTTP response/);
      const parser = new ResponseParser();
      parser.begin('GET');
      assert.throws(() => feed(parser, ...bytesOf(text)), /malformed HTTP response/);
    });

  it('should be an error when its head never ends', () => {
    const parser = new ResponseParser();
    parser.begin('GET');
    const line = `A: ${'x'.repeat(60_000)}\r\n`;
    assert.throws(
      () => feed(parser, 'HTTP/1.1 200 OK\r\n', ...Array.from({ length: 20 }, () => line)),
      /a head of more than/,
    );
  });
});
