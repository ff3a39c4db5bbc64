import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { nodesOf } from '../nodes/addressing.ts';
import { repairServices } from '../provision.ts';
import { askFrom, servicePlaces, ServicesDeadError, waitServices } from './services.ts';
import type { Asking, Look } from './services.ts';
import { DeadlineError } from '../../../host/wait.ts';

const detailOf = (look: Look): string => ('detail' in look ? look.detail : '');

const listener = createServer((socket) => socket.on('error', () => undefined));
await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
const apiPort = (listener.address() as AddressInfo).port;

/** A DNS server that answers every query with the result of `answer`. */
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

/** A response to the query with a response code and one record, or none. */
function answered(question: Buffer, code: number, address: number[]): Buffer {
  const head = Buffer.from(question);
  head[2] = 0x81;
  head[3] = code;
  head[7] = address.length === 0 ? 0 : 1;
  const record = address.length === 0 ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address];
  return Buffer.concat([head, Buffer.from(record)]);
}

test('the addresses of the Services are known', () => {
  assert.deepEqual(servicePlaces('local-small'), {
    api: '198.19.128.1',
    apiPort: 443,
    dns: '198.19.128.10',
    dnsPort: 53,
  });
});

test('the state is "answer" when both Services answer', async () => {
  answer = (question) => {
    assert.ok(question.includes('kubernetes') && question.includes('cluster'));
    return answered(question, 0, [127, 0, 0, 1]);
  };
  assert.deepEqual(await askFrom([], places), { state: 'answer' });
});

test('false verdict 26: an environment whose Services are dead is not healthy, though all of it is ready', async () => {
  answer = () => null;
  const dead = await askFrom([], { ...places, apiPort: 1 });
  assert.equal(dead.state, 'dead');
  assert.match(
    detailOf(dead),
    /^the API server's Service \(127\.0\.0\.1:1\) accepts no connection, the cluster's DNS \(127\.0\.0\.1:\d+\) does not answer for kubernetes\.\S+: Error: queryA ETIMEOUT/,
  );
});

test('false verdict 26: a DNS that does not know the API server does not count as answering', async () => {
  answer = (question) => answered(question, 2, []);
  assert.match(
    detailOf(await askFrom([], places)),
    /does not answer for kubernetes\.default\.svc\.cluster\.local: Error: queryA ESERVFAIL/,
  );
  answer = (question) => answered(question, 0, []);
  assert.match(detailOf(await askFrom([], places)), /ENODATA/);
  answer = (question) => answered(question, 0, [10, 0, 0, 1]);
  assert.match(detailOf(await askFrom([], places)), /does not know 127\.0\.0\.1/);
});

test('false verdict 26: an attempt that cannot be made is no sign of dead Services', async () => {
  const outside = await askFrom(['nsenter', '--net=/run/netns/none', '--'], places);
  assert.equal(outside.state, 'unknown');
  assert.match(detailOf(outside), /the probe ended with 1: .*none/);
});

/** The states of the nodes in successive attempts; the last one is repeated. */
function asking(...looks: Look['state'][][]): Asking {
  const counts = new Map<string, number>();
  return ({ name }) => {
    const i = counts.get(name) ?? 0;
    counts.set(name, i + 1);
    const node = NODES.findIndex((one) => one.name === name);
    const state = (looks[Math.min(i, looks.length - 1)] ?? [])[node] ?? 'answer';
    return state === 'unknown' ? Promise.reject(new Error('EAGAIN')) : Promise.resolve({ state, detail: '' });
  };
}
const NODES = nodesOf('local-small', 'small').slice(0, 2);
const waiting = (ask: Asking): Promise<void> => waitServices('local-small', NODES, { deadlineMs: 700, ask });

test('Services are dead only if one node found them dead at every attempt; otherwise it is unknown', async () => {
  await waiting(asking(['dead', 'unknown'], ['answer', 'answer']));
  await assert.rejects(waiting(asking(['answer', 'dead'])), ServicesDeadError);
  await assert.rejects(waiting(asking(['dead', 'answer'], ['answer', 'dead'])), DeadlineError);
  await assert.rejects(waiting(asking(['dead', 'answer'], ['unknown', 'answer'])), DeadlineError);
  await assert.rejects(waiting(asking(['unknown', 'answer'])), DeadlineError);
});

test('an environment is provisioned again only for Services that stay dead, and kept if their state is unknown', async () => {
  const dead = new ServicesDeadError('dead');
  const unknown = new Error('the script cannot be run');
  const tried = async (...waits: (Error | null)[]): Promise<{ repaired: unknown; restarts: number }> => {
    let restarts = 0;
    const repair = {
      wait: () => {
        const came = waits.shift() ?? null;
        return came === null ? Promise.resolve() : Promise.reject(came);
      },
      startAgain: () => Promise.resolve(restarts++),
      say: () => undefined,
    };
    const repaired = await repairServices(repair).catch((error: unknown) => error);
    return { repaired, restarts };
  };
  assert.deepEqual(await tried(null), { repaired: false, restarts: 0 });
  assert.deepEqual(await tried(unknown), { repaired: false, restarts: 0 });
  assert.deepEqual(await tried(dead, null), { repaired: true, restarts: 1 });
  assert.deepEqual(await tried(dead, unknown), { repaired: true, restarts: 1 });
  assert.deepEqual(await tried(dead, dead), { repaired: dead, restarts: 1 });
});
