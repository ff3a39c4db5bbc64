import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from './proxy.ts';

const HTTPS_PROXY = 'http://user:secret@proxy.example.com:3128';
const through = (url: string, env: NodeJS.ProcessEnv): string | null => proxyFor(url, env)?.text ?? null;

test('should take the variable of the scheme, in capitals first, and show no account', () => {
  const found = proxyFor('https://api.example.com:6443', { HTTPS_PROXY, https_proxy: 'http://other:1' });
  assert.deepEqual(found, { url: HTTPS_PROXY, text: 'proxy.example.com:3128 (HTTPS_PROXY)' });
  assert.deepEqual(proxyFor('https://a.example.com', { https_proxy: 'p:8080' }), {
    url: 'http://p:8080',
    text: 'p:8080 (https_proxy)',
  });
  assert.equal(through('http://a.example.com', { HTTPS_PROXY }), null);
  assert.equal(through('http://a.example.com', { HTTP_PROXY: 'http://p:1' }), 'p:1 (HTTP_PROXY)');
  assert.equal(through('https://a.example.com', { HTTPS_PROXY: '' }), null);
});

test('should ask nothing on this machine through a proxy, nor an embedded environment', () => {
  for (const host of ['127.0.0.1', '127.8.0.1', 'localhost', '[::1]', '198.18.0.1', '198.19.255.1'])
    assert.equal(through(`https://${host}:6443`, { HTTPS_PROXY }), null, host);
  for (const host of ['198.20.0.1', '10.0.0.1', '[fd00::1]'])
    assert.ok(through(`https://${host}:6443`, { HTTPS_PROXY }), host);
});

test('should except what NO_PROXY says as programs in Go read it', () => {
  const excepted = (url: string, entries: string): boolean =>
    through(url, { HTTPS_PROXY, NO_PROXY: entries }) === null;
  const yes: [string, string][] = [
    ['https://api.example.com', 'other, example.com'],
    ['https://example.com', 'EXAMPLE.com'],
    ['https://api.example.com', '.example.com'],
    ['https://api.example.com', '*.example.com'],
    ['https://api.example.com', '*'],
    ['https://10.1.2.3:6443', '10.0.0.0/8'],
    ['https://10.1.2.3:6443', '10.1.2.3'],
    ['https://10.1.2.3:6443', '10.1.2.3:6443'],
    ['https://api.example.com', 'example.com:443'],
    ['https://[fd00::1]:6443', 'fd00::/8'],
    ['https://[fd00::1]', 'fd00::1'],
  ];
  for (const [url, entries] of yes) assert.ok(excepted(url, entries), `${url} by ${entries}`);
  const no: [string, string][] = [
    ['https://example.com', '.example.com'],
    ['https://badexample.com', 'example.com'],
    ['https://11.1.2.3', '10.0.0.0/8'],
    ['https://10.1.2.3:6443', '10.1.2.3:443'],
    ['https://api.example.com:6443', 'example.com:443'],
    ['https://10.1.2.3', '10.0.0.0/99'],
    ['https://api.example.com', ', ,'],
  ];
  for (const [url, entries] of no) assert.ok(!excepted(url, entries), `${url} by ${entries}`);
  assert.equal(through('https://a.example.com', { HTTPS_PROXY, no_proxy: 'a.example.com' }), null);
});
