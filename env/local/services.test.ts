import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { askFrom, servicePlaces } from './services.ts';

const listener = createServer((socket) => socket.on('error', () => undefined));
await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
const apiPort = (listener.address() as AddressInfo).port;

/** Answers every question with what the test lets it answer. */
const dns = createSocket('udp4');
let answer: (question: Buffer) => Buffer | null = () => null;
dns.on('message', (question, from) => {
  const said = answer(question);
  if (said !== null) dns.send(said, from.port, from.address);
});
await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve));
const dnsPort = dns.address().port;
after(() => {
  listener.close();
  dns.close();
});

const places = { api: '127.0.0.1', apiPort, dns: '127.0.0.1', dnsPort };

/** The question again, with a code and the records that follow it. */
function answered(question: Buffer, code: number, address: number[]): Buffer {
  const head = Buffer.from(question);
  head[2] = 0x81;
  head[3] = code;
  head[7] = address.length === 0 ? 0 : 1;
  const record = address.length === 0 ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address];
  return Buffer.concat([head, Buffer.from(record)]);
}

test('knows where the Services are', () => {
  assert.deepEqual(servicePlaces('local-small'), {
    ...{ api: '198.19.128.1', apiPort: 443 },
    ...{ dns: '198.19.128.10', dnsPort: 53 },
  });
});

test('is content when both Services answer', async () => {
  answer = (question) => {
    assert.ok(question.includes('kubernetes') && question.includes('cluster'));
    return answered(question, 0, [127, 0, 0, 1]);
  };
  assert.equal(await askFrom([], places), null);
});

test('false verdict 26: an environment whose Services are dead is not healthy, though all of it is ready', async () => {
  answer = () => null;
  const dead = await askFrom([], { ...places, apiPort: 1 });
  assert.match(
    dead ?? '',
    /^the API server's Service \(127\.0\.0\.1:1\) takes no connection, the cluster's DNS \(127\.0\.0\.1:\d+\) does not answer, kube-proxy has rules for 0 Services there/,
  );
});

test('false verdict 26: a DNS that does not know the API server does not count as answering', async () => {
  answer = (question) => answered(question, 2, []);
  assert.match(
    (await askFrom([], places)) ?? '',
    /answers with code 2 for kubernetes\.default\.svc\.cluster\.local/,
  );
  answer = (question) => answered(question, 0, []);
  assert.match((await askFrom([], places)) ?? '', /does not know 127\.0\.0\.1/);
  answer = (question) => answered(question, 0, [10, 0, 0, 1]);
  assert.match((await askFrom([], places)) ?? '', /does not know 127\.0\.0\.1/);
});

test('says so where it cannot look at all', async () => {
  assert.match(
    (await askFrom(['nsenter', '--net=/run/netns/none', '--'], places)) ?? '',
    /takes no connection/,
  );
});
