import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, hostPort } from './declaring.ts';

const problem = (parsed: ReturnType<typeof hostPort.safeParse>): string[] =>
  (parsed.error?.issues ?? []).map(({ message }) => message);

test('should accept an address with its port only as it can be connected to', () => {
  for (const good of ['10.0.0.1:443', '[fd00::1]:6443', 'api.example.com:6443', 'api:1', 'db-1.tender:65535'])
    assert.deepEqual(problem(hostPort.safeParse(good)), [], good);
  for (const wrong of [
    'fd00::1',
    'fd00::1:6443',
    '10.0.0.1:99999',
    '10.0.0.1:0',
    '[10.0.0.1:80',
    '10.0.0.1]:80',
    '[10.0.0.1]:80',
    '[fd00::zz]:80',
    '10.0.0.300:80',
    '-api:80',
    'api-:80',
  ])
    assert.match(
      problem(hostPort.safeParse(wrong)).join('\n'),
      /^expected host:port, with an IPv6 address in brackets/,
      wrong,
    );
  assert.deepEqual(problem(hostPort.safeParse('10.0.0.1')), ['host:port'], 'one message');
});

test('should accept the host of an endpoint only by itself', () => {
  const told = (host: string): string[] =>
    (endpoint.safeParse({ host, port: 5432 }).error?.issues ?? []).map(({ message }) => message);
  for (const good of ['10.0.0.5', 'fd00::5', 'db', 'db_1', 'db.shop.svc', 'db.example.com.'])
    assert.deepEqual(told(good), [], good);
  for (const wrong of [
    '[fd00::5]',
    '10.0.0.5:5432',
    'http://db',
    'db example',
    'db:5432',
    '10.0.0',
    'fd00::5::1',
  ])
    assert.match(told(wrong).join('\n'), /^expected a name or an address alone: no scheme, no port/, wrong);
  assert.equal(told('').length, 1, 'one message');
});
