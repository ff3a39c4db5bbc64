import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { count, load, serve } from '../../_testing/loads.ts';
import type { Handler, Ran } from '../../_testing/loads.ts';
import { HEAD } from '../../_testing/scripts.ts';

/** Answers with the request as JSON, or with what the path stands for. */
const echo: Handler = (request, response) => {
  const path = request.url ?? '';
  const special = SPECIAL[path.split('?')[0] ?? ''];
  if (special !== undefined) {
    special(response, request);
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { method, headers } = request;
    response.end(JSON.stringify({ method, path, headers, body: Buffer.concat(parts).toString() }));
  });
};

const redirect =
  (status: number, location: string, headers = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { location, ...headers }).end();

const coded =
  (encoding: string, body: Buffer | string) =>
  (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-encoding': encoding }).end(body);

const SPECIAL: Readonly<Record<string, (response: ServerResponse, request: IncomingMessage) => void>> = {
  '/bad-location': redirect(302, 'http://h/%zz'),
  '/other-scheme': redirect(302, 'ftp://h/'),
  '/to': redirect(302, '/told'),
  '/cookie': redirect(302, '/told', { 'set-cookie': 'a=1; Path=/' }),
  '/twice': redirect(302, '/to'),
  '/again': redirect(307, '/told'),
  '/elsewhere': (response, { headers }) =>
    redirect(302, `http://sub.h.test:${headers.host?.split(':')[1]}/told`)(response),
  '/away': (response, { headers }) =>
    redirect(302, `http://other.test:${headers.host?.split(':')[1]}/elsewhere-too`)(response),
  '/slow-redirect': (response) => void setTimeout(() => redirect(302, '/slow')(response), 400),
  '/slow': (response) => void setTimeout(() => response.end('late'), 700),
  '/zstd': coded('zstd', zstdCompressSync('zstandard')),
  '/gzip': coded('gzip', gzipSync('zipped')),
  '/no-gzip': coded('gzip', 'not zipped'),
  '/unknown-coding': coded('x-gzip', 'as it is'),
  '/empty': (response) => void response.writeHead(204).end(),
  '/text': (response) => void response.end('no json'),
};

async function checked(code: string, extras: Parameters<typeof load>[2] = {}): Promise<Ran> {
  await using server = await serve(echo);
  const result = await load(`${HEAD}const U = __ENV.URL; ${code}`, server.url, extras);
  assert.equal(result.outcome, 'completed', result.reason);
  const failed = result.checks.filter(({ fails }) => fails > 0).map(({ name }) => name);
  assert.deepEqual(
    [failed, result.errors.filter(({ error }) => error.startsWith('TypeError'))],
    [[], []],
    result.logs.join('\n'),
  );
  assert.ok(result.checks.length > 0, `${result.reason} ${result.logs.join('\n')}`);
  return result;
}

describe('requests that are not sent', () => {
  it('should count where Go’s transport refuses them, and only there', async () => {
    const result = await checked(`export default () => {
      const seen = (r) => r.status + ' ' + r.error_code;
      check(http.get('nonsense'), { 'no scheme': (r) => seen(r) === '0 1000' });
      check(http.get('ftp://h/'), { 'another scheme': (r) => seen(r) === '0 1000' });
      check(http.get(U, { headers: { a: 'b\\nc: d' } }), { 'a header with a line': (r) => seen(r) === '0 1000' });
      check(http.request('G T', U), { 'a method': (r) => seen(r) === '0 1000' });
      check(http.get(U + '/bad-location'), { 'a location that is no URL': (r) => seen(r) === '0 1000' && r.body === null });
      check(http.get(U + '/other-scheme'), { 'a location elsewhere': (r) => seen(r) === '0 1000' });
      check(http.get('http://h/%zz'), { 'no URL': (r) => seen(r) === '0 1020' });
      check(http.get(undefined), { 'nothing': (r) => seen(r) === '0 1020' });
      check(http.post(U, [1]), { 'an array': (r) => seen(r) === '0 0' && r.error.startsWith('unknown request body type') });
      check(http.post(U, 5), { 'a number': (r) => seen(r) === '0 0' });
      check(http.post(U, true), { 'a boolean': (r) => seen(r) === '0 0' });
      check(http.get(U, { timeout: 'soon' }), { 'a timeout': (r) => seen(r) === '0 0' && /timeout/.test(r.error) });
      check(http.get(U, { responseType: 'xml' }), { 'a response type': (r) => seen(r) === '0 0' });
      check(http.get(U, { tags: { a: {} } }), { 'a tag': (r) => seen(r) === '0 0' });
    }`);
    // The redirect to an unsupported scheme got an answer, so it counts as a request.
    assert.equal(count(result, 'http_reqs'), 7);
    const failed = result.metrics['http_req_failed'];
    assert.ok(failed?.type === 'rate');
    assert.deepEqual([failed.passes, failed.fails], [6, 1]);
    assert.equal(result.scenarios[0]?.iterations, 1);
  });

  it('should throw where the script wants that', async () => {
    const thrown = (call: string): string =>
      `(() => { try { ${call}; return ''; } catch (e) { return e.message; } })()`;
    await checked(`export const options = { throw: true }; export default () => {
      check(${thrown('http.post(U, [1])')}, { 'of the arguments': (m) => /body type/.test(m) });
      check(${thrown("http.get('nonsense')")}, { 'of the transport': (m) => /unsupported protocol scheme/.test(m) });
    }`);
    await checked(`export default () => {
      check(${thrown("http.get('nonsense', { throw: true })")}, { 'of one request': (m) => /unsupported protocol scheme/.test(m) });
    }`);
  });
});

describe('what is sent and what comes back', () => {
  it('should be forms, methods and batches as k6 has them', async () => {
    const result = await checked(`export default () => {
      const form = http.post(U, { z: null, b: undefined, a: ['1', 2], n: { deep: 1 }, s: "it's (x)~" });
      check(form, { form: (r) => r.json('body') === 'a=1&a=2&b=&n=&s=it%27s+%28x%29~&z=' });
      check(http.request('patch', U), { 'methods are kept': (r) => r.status === 400 || r.json('method') === 'patch' });
      const all = http.batch([{ method: 'get', url: U + '/1', body: 'x' }, ['GET', U + '/2', 'kept'], U + '/3']);
      check(all, { batch: () => all.map((r) => r.json('method') + r.json('path') + r.json('body')).join() === 'GET/1,GET/2kept,GET/3' });
      const bad = http.batch([U + '/never', ['http://x'], U + '/never']);
      check(bad, { 'a batch with one that is none': () => bad.length === 3 && bad[0].status === 0 && bad[0].error === '' && /batch/.test(bad[1].error) && bad[2] === null });
      const named = http.batch({ a: U + '/never', b: { method: 'GET' } });
      check(named, { 'by name': () => named.a.status === 0 && /no url/.test(named.b.error) });
      check(http.get(U + '/text'), { 'json of text': (r) => r.json('a') === undefined, 'timings': (r) => r.timings.looking_up === 0 });
      check(http.get(U + '/empty'), { '204': (r) => r.status === 204 && r.body === null });
      check(http.get(U + '/text', { responseType: 'none' }), { 'json of nothing throws': (r) => { try { r.json('a'); return false; } catch { return true; } } });
    }`);
    assert.ok(!result.logs.some((line) => line.includes('/never')));
  });

  it('should be URLs as the script wrote them', async () => {
    await checked(`export default () => {
      const bare = http.get(U);
      check(bare, { 'no slash is added': () => bare.url === U && bare.json('path') === '/' });
      const dotted = http.get(U + '/a/../b?x=%7e#f');
      check(dotted, { 'nothing is resolved': () => dotted.url === U + '/a/../b?x=%7e#f' && dotted.json('path') === '/a/../b?x=%7e' });
      const secret = http.get(U.replace('//', '//me:pass@') + '/x');
      check(secret, { credentials: () => secret.json('headers.authorization') === 'Basic bWU6cGFzcw==' });
    }`);
  });

  it('should be decoded as k6 does, and failed where that fails', async () => {
    const result = await checked(`export default () => {
      check(http.get(U + '/zstd'), { zstd: (r) => r.body === 'zstandard' });
      check(http.get(U + '/gzip'), { gzip: (r) => r.body === 'zipped' });
      check(http.get(U + '/unknown-coding'), { unknown: (r) => r.body === 'as it is' });
      check(http.get(U + '/no-gzip'), { wrong: (r) => r.status === 0 && r.error_code === 1701 && r.body === null });
    }`);
    assert.equal(result.requests.failed, 1);
  });
});

describe('redirects', () => {
  it('should send what Go sends at each hop', async () => {
    const hosts = { 'h.test': '127.0.0.1', 'sub.h.test': '127.0.0.1', 'other.test': '127.0.0.1' };
    await checked(
      `export default () => {
        const H = U.replace('127.0.0.1', 'h.test');
        const told = (path, params) => http.get(H + path, params).json('headers');
        check(told('/to', { headers: { Cookie: 'mine=1' }, cookies: { own: '2' } }), { 'a given cookie header is dropped': (h) => h.cookie === 'own=2' });
        check(told('/cookie', {}), { 'the jar speaks': (h) => h.cookie === 'a=1' && h.referer === H + '/cookie' });
        check(told('/elsewhere', { headers: { Authorization: 'x' } }), { 'below it is trusted': (h) => h.authorization === 'x' });
        check(told('/away', { headers: { Authorization: 'x' } }), { 'others are not': (h) => h.authorization === undefined && h.host.startsWith('other.test') });
        check(told('/to', { headers: { Host: 'custom.test' } }), { 'an own host stays on the same server': (h) => h.host === 'custom.test' });
        const put = http.put(H + '/to', 'body');
        check(put, { '302 asks with GET': (r) => r.json('method') === 'GET' && r.json('body') === '' && r.request.method === 'PUT' && r.url === H + '/told' });
        check(http.put(H + '/again', 'body'), { '307 repeats': (r) => r.json('method') === 'PUT' && r.json('body') === 'body' });
        check(http.get(H + '/twice', { redirects: 1 }), { 'no more than allowed': (r) => r.status === 302 });
      }`,
      { hosts },
    );
  });

  it('should have one timeout and one place under rps together', async () => {
    const result = await checked(`export const options = { rps: 4 }; export default () => {
      check(http.get(U + '/slow-redirect', { timeout: 900 }), { 'one timeout': (r) => r.error_code === 1050 });
      const begin = Date.now();
      http.get(U + '/twice');
      check(Date.now() - begin, { 'one place': (ms) => ms < 400 });
    }`);
    assert.equal(count(result, 'http_reqs'), 5);
  });
});
