import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { quantileMs } from '../../../reports/judge/slo/histogram.ts';
import { ENOUGH } from '../engine.ts';
import type { LoadResult } from '../engine.ts';
import { HEAD, listen, load, scenario, serve } from './_testing/loads.ts';
import type { Ran } from './_testing/loads.ts';

const GET = `export default async () => { await http.asyncRequest('GET', __ENV.URL + '/'); };`;
const rate = (perSecond: number, more: object = {}): object => ({
  executor: 'constant-arrival-rate',
  rate: perSecond,
  duration: '1s',
  preAllocatedVUs: 60,
  ...more,
});
const shared = (iterations: number, more: object = {}): object => ({
  executor: 'shared-iterations',
  vus: 1,
  iterations,
  ...more,
});
const sum = (result: LoadResult, of: 'offered' | 'started' | 'dropped' | 'requests'): number =>
  result.seconds.reduce((all, one) => all + (one[of] ?? 0), 0);

/** Runs one iteration whose checks all hold. */
async function checked(code: string, url: string): Promise<Ran> {
  const result = await load(`${HEAD}${scenario(shared(1))}${code}`, url);
  assert.equal(result.outcome, 'completed', result.reason);
  assert.deepEqual(
    result.checks.filter(({ fails }) => fails > 0),
    [],
    result.logs.join('\n'),
  );
  assert.ok(result.checks.length > 0, result.errors.join('\n'));
  return result;
}

describe('executors', () => {
  it('should run every iteration of a constant arrival rate', async () => {
    await using server = await serve();
    const result = await load(HEAD + scenario(rate(100)) + GET, server.url);
    assert.equal(result.outcome, 'completed', result.reason);
    assert.deepEqual([result.offered, result.iterations + result.dropped], [100, 100]);
    assert.deepEqual([sum(result, 'offered'), sum(result, 'requests')], [100, result.requests]);
    assert.equal(server.asked.get('GET /'), result.requests);
  });

  it('should follow a ramping arrival rate, also one that begins later', async () => {
    await using server = await serve();
    const stages = [{ duration: '1s', target: 100 }];
    const ramp = { executor: 'ramping-arrival-rate', stages, preAllocatedVUs: 50, startTime: '500ms' };
    const result = await load(HEAD + scenario(ramp) + GET, server.url);
    assert.deepEqual([result.offered, result.iterations + result.dropped], [50, 50]);
    assert.ok(result.durationMs > 1490, `${result.durationMs} ms`);
    assert.ok((result.seconds[0]?.started ?? 50) < 20, 'half of the first second is over when it begins');
  });

  it('should drop what finds no VU', async () => {
    await using server = await serve((_request, response) => void setTimeout(() => response.end('ok'), 2000));
    const few = rate(20, { preAllocatedVUs: 1, maxVUs: 4 });
    const result = await load(HEAD + scenario(few) + GET, server.url);
    assert.deepEqual([result.iterations, result.dropped, sum(result, 'dropped')], [4, 16, 16]);
  });

  it('should do shared iterations exactly, drop those that the time is too short for, and let others run', async () => {
    await using server = await serve();
    const all = await load(HEAD + scenario(shared(25, { vus: 4 })) + GET, server.url);
    assert.deepEqual([all.iterations, all.offered, all.seconds[0]?.offered], [25, null, null]);
    const some = shared(10, { vus: 2, maxDuration: '1s', gracefulStop: '2s' });
    const short = await load(`${HEAD}${scenario(some)}export default () => sleep(0.7);`, '');
    assert.deepEqual([short.iterations, short.dropped, short.interrupted], [4, 6, 0]);
    const busy = shared(1e9, { maxDuration: '1s' });
    assert.equal((await load(`${scenario(busy)}export default () => {};`, '')).outcome, 'completed');
  });

  it('should cut iterations off after gracefulStop, which go no further', async () => {
    await using server = await serve(() => undefined);
    const text = scenario(rate(2, { gracefulStop: '200ms' }));
    const body = `export default async () => { try { await http.asyncRequest('GET', __ENV.URL); } finally { console.info('went on'); } };`;
    const result = await load(HEAD + text + body, server.url);
    assert.deepEqual([result.outcome, result.iterations, result.interrupted], ['completed', 0, 2]);
    assert.deepEqual(result.logs, []);
  });

  it('should lose no request to a server that closes idle connections after 5 s', async () => {
    // Each of 100 VUs in turn would rest for 5 s. The server closes such a connection while the next request is on its way.
    const answeredMs = new WeakMap<object, number>();
    await using server = await serve(({ socket }, response) => {
      if (performance.now() - (answeredMs.get(socket) ?? Infinity) > 4_800) socket.destroy();
      else response.end('ok');
      answeredMs.set(socket, performance.now());
    });
    const post = `export default async () => { const r = await http.asyncRequest('POST', __ENV.URL); check(r, { answered: ({ status }) => status === 200 }); };`;
    const many = rate(20, { duration: '7s', preAllocatedVUs: 100 });
    const { outcome, checks, iterations } = await load(HEAD + scenario(many) + post, server.url);
    assert.deepEqual([outcome, iterations], ['completed', 140]);
    assert.equal(checks[0]?.fails, 0, JSON.stringify(checks));
  });
});

describe('a load that is stopped', () => {
  it('should end within gracefulStop when it is interrupted', async () => {
    await using server = await serve();
    const stop = new AbortController();
    const result = await load(HEAD + scenario(rate(50, { duration: '50s' })) + GET, server.url, {
      signal: stop.signal,
      second: () => stop.abort(),
    });
    assert.deepEqual([result.outcome, result.interrupted], ['interrupted', 0]);
  });

  it('should have been offered no more than until it was enough, and miss nothing', async () => {
    await using server = await serve();
    const stop = new AbortController();
    let second = 0;
    const result = await load(HEAD + scenario(rate(200, { duration: '50s' })) + GET, server.url, {
      signal: stop.signal,
      second: () => (second++ === 0 ? void setTimeout(() => stop.abort(ENOUGH), 300) : undefined),
    });
    assert.equal(result.outcome, 'completed');
    const offered = result.offered ?? 0;
    assert.ok(offered >= 255 && offered < 330, `${offered} offered`);
    assert.deepEqual(
      [sum(result, 'offered'), sum(result, 'started') + sum(result, 'dropped')],
      [offered, offered],
    );
  });

  it('should not begin where it was stopped before', async () => {
    const { outcome, requests } = await load(HEAD + scenario(rate(1)) + GET, '', {
      signal: AbortSignal.abort(ENOUGH),
    });
    assert.deepEqual([outcome, requests], ['interrupted', 0]);
  });
});

describe('what a script sees', () => {
  it('should be setup, data of its own for each VU, iterations, checks and teardown', async () => {
    await using server = await serve();
    const result = await load(
      `${HEAD}import { Counter, Trend } from 'k6/metrics'; const trend = new Trend('t', true), counter = new Counter('c');
      import { word } from './word.ts';
      ${scenario(shared(10, { vus: 2 }), { thresholds: { checks: ['rate>2'] } })}
      export async function setup() { await http.asyncRequest('GET', __ENV.URL + '/setup'); check(1, { up: () => true }); return { token: 'x', seen: [] }; }
      export default async (data) => {
        data.seen.push(exec.scenario.iterationInTest);
        const r = await http.asyncRequest('GET', __ENV.URL + '/', null, { tags: { name: 'home' } });
        check(data, { token: (d) => d.token === 'x' && word === 'b', own: (d) => d.seen.length <= 9, body: r.body === 'ok', never: () => false });
        trend.add(12); counter.add(1); await sleep(0.01);
      };
      export const teardown = (data) => http.asyncRequest('GET', __ENV.URL + '/teardown?' + data.token + data.seen.length);`,
      server.url,
      { files: { 'word.ts': "export const word: string = 'b';" } },
    );
    assert.equal(result.outcome, 'completed', result.reason);
    assert.deepEqual([...server.asked.values()], [1, 10, 1]);
    assert.ok(server.asked.has('GET /teardown?x0'));
    assert.deepEqual(
      result.checks.map(({ name, group, passes, fails }) => [name, group, passes, fails]),
      [
        ['up', '::setup', 1, 0],
        ['token', '', 10, 0],
        ['own', '', 10, 0],
        ['body', '', 10, 0],
        ['never', '', 0, 10],
      ],
    );
    // The requests before and after the load are counted, but belong to no second.
    assert.deepEqual([result.requests, sum(result, 'requests')], [12, 10]);
  });

  it('should be answers: status, headers, body, JSON, errors', async () => {
    await using server = await serve((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method, url, headers } = request;
        if (url === '/empty') response.writeHead(204).end();
        else if (url === '/gzip')
          response.writeHead(503, { 'content-encoding': 'gzip' }).end(gzipSync('zipped'));
        else if (url === '/bomb')
          response
            .writeHead(200, { 'content-encoding': 'gzip' })
            .end(gzipSync(Buffer.alloc(65 * 1024 * 1024)));
        else if (url === '/no-gzip')
          response.writeHead(200, { 'content-encoding': 'gzip' }).end('not zipped');
        else if (url === '/to') response.writeHead(302, { location: '/told' }).end();
        else
          response
            .writeHead(200, { 'x-some-name': 'v' })
            .end(JSON.stringify({ method, url, headers, body: Buffer.concat(parts).toString() }));
      });
    });
    const result = await checked(
      `const ask = (method, path, body, params) => http.asyncRequest(method, __ENV.URL + path, body, params);
      export default async () => {
        const post = await ask('POST', '/p?a=é', 'b', { headers: { 'X-One': 'ü', 'content-length': '99', 'User-Agent': 'me' }, timeout: '5s' });
        check(post.json(), { sent: (r) => r.method === 'POST' && r.url === '/p?a=%C3%A9' && r.body === 'b', headers: (r) => r.headers['content-length'] === '1' && r.headers['user-agent'] === 'me' && r.headers['x-one'] === 'Ã¼' });
        check(post, { named: (r) => r.headers['X-Some-Name'] === 'v', text: (r) => r.status_text === '200 OK' && r.error === '' && r.error_code === 0, time: (r) => r.timings.duration > 0 });
        check(await ask('GET', '/empty'), { none: (r) => r.status === 204 && r.body === null });
        check(await ask('GET', '/gzip'), { zipped: (r) => r.body === 'zipped' && r.error_code === 1503 });
        check(await ask('GET', '/bomb'), { bomb: (r) => r.status === 0 && r.error_code === 1701 });
        check(await ask('GET', '/no-gzip'), { broken: (r) => r.status === 0 && r.error_code === 1701 });
        check(await ask('GET', '/to', null, { redirects: 0 }), { redirect: (r) => r.status === 302 && r.headers.Location === '/told' });
        check(await http.asyncRequest('GET', 'http://h:x/'), { 'no URL': (r) => r.status === 0 && r.error_code === 1020 });
        check(await ask('GET', '/', null, { headers: { a: 'b\\nc: d' } }), { 'two headers in one': (r) => r.status === 0 && /header a/.test(r.error) });
      };`,
      server.url,
    );
    assert.deepEqual([result.requests, result.errors.length], [6, 3], result.errors.join('\n'));
  });

  it('should be errors that name the line of the script, and few of them', async () => {
    const result = await load(`${HEAD}${scenario(shared(20))}export default () => {\n  null.x;\n};`, '');
    assert.equal(result.outcome, 'completed');
    assert.deepEqual(result.errors, ["20 × Cannot read properties of null (reading 'x')"]);
    assert.match(result.logs[0] ?? '', /script-\d+\.ts:4:/);
    assert.equal(result.logs.length, 10);
  });

  it('should be no variables of this process, those of this load alone, and what they become', async () => {
    const code = `${scenario(shared(1))}export default () => { throw new Error(Object.keys(__ENV).join()); };`;
    for (let n = 0; n < 2; n++) assert.deepEqual((await load(code, '')).errors, ['1 × URL']);
  });
});

describe('times', () => {
  it('should show a server that stalls from the intended start', async () => {
    let begin = 0;
    await using server = await serve((_request, response) => {
      begin ||= performance.now();
      const since = performance.now() - begin;
      // No answer for 1 s of the 2 s.
      if (since < 400 || since > 1400) response.end('ok');
      else setTimeout(() => response.end('ok'), 1400 - since);
    });
    const stalled = rate(50, { duration: '2s', preAllocatedVUs: 100 });
    const result = await load(HEAD + scenario(stalled) + GET, server.url);
    assert.equal(result.dropped, 0);
    const latency = result.seconds.flatMap((second) => second.latency).sort(([a], [b]) => a - b);
    assert.ok((quantileMs(latency, 0.99) ?? 0) > 900);
    assert.ok((quantileMs(result.sent, 0.99) ?? 0) > 900);
  });

  it('should count the lateness of an iteration, which sending alone does not show', async () => {
    await using server = await serve();
    const stall = `let first = true; export default async () => { if (first) { first = false; const end = Date.now() + 400; while (Date.now() < end); } await http.asyncRequest('GET', __ENV.URL); };`;
    const result = await load(HEAD + scenario(rate(50)) + stall, server.url);
    const summed = (buckets: LoadResult['sent']): number =>
      buckets.reduce((ms, [us, count]) => ms + (us / 1000) * count, 0);
    // 20 iterations are due during the stall, and wait for half of it on average.
    const lateMs = summed(result.seconds.flatMap(({ latency }) => latency)) - summed(result.sent);
    assert.ok(lateMs > 2000, `${lateMs} ms`);
  });
});

describe('how a load ends', () => {
  const one = scenario(shared(1));
  const cases: [title: string, code: string, outcome: string, reason: RegExp][] = [
    [
      'a call that blocks',
      `${HEAD}${one}export default () => http.get('x');`,
      'failed',
      /^http\.get is not supported/,
    ],
    [
      'one that the script catches',
      `${HEAD}${scenario(rate(10, { duration: '50s' }))}export default () => { try { http.batch([]); } catch { /* on */ } };`,
      'failed',
      /^http\.batch is not supported/,
    ],
    [
      'a parameter',
      `${HEAD}${one}export default () => http.asyncRequest('GET', 'http://127.0.0.1:1/', null, { jar: 1 });`,
      'failed',
      /request parameter "jar" is not supported/,
    ],
    [
      'a member of exec',
      `${HEAD}${one}export default () => exec.vu.idInTest;`,
      'failed',
      /^exec\.vu is not supported/,
    ],
    [
      'a missing export',
      `import { group } from 'k6'; ${one}export default () => group();`,
      'failed',
      /'k6'.*'group'/,
    ],
    [
      'a module of k6',
      `import ws from 'k6/ws'; ${one}export default () => ws;`,
      'failed',
      /import of 'k6\/ws' is not supported/,
    ],
    [
      'a module of Node',
      `import fs from 'node:fs'; ${one}export default () => fs;`,
      'failed',
      /import of 'node:fs' is not supported/,
    ],
    [
      'a request that is not awaited',
      `${HEAD}${one}export default () => { http.asyncRequest('GET', 'http://127.0.0.1:1/'); };`,
      'failed',
      /await each/,
    ],
    [
      'a sleep that is not awaited',
      `${HEAD}${one}export default () => { sleep(1); };`,
      'failed',
      /await each/,
    ],
    [
      'an async check',
      `${HEAD}${one}export default () => { check(1, { a: async () => true }); };`,
      'failed',
      /check by an async function/,
    ],
    ['a syntax error', 'export default () => {', 'failed', /SyntaxError/],
    [
      'an option',
      `export const options = { dns: {}, scenarios: {} }; export default () => {};`,
      'failed',
      /options\.dns is not supported/,
    ],
    [
      'no function',
      `${scenario(shared(1, { exec: 'none' }))}export default () => {};`,
      'failed',
      /no function 'none'/,
    ],
    ['a throw at its top', 'throw new Error("no luck");', 'failed', /no luck/],
    [
      'a request at its top',
      `${HEAD}await http.asyncRequest('GET', 'http://127.0.0.1:1/');`,
      'failed',
      /while the script is loaded/,
    ],
    [
      'a setup that fails',
      `${HEAD}${one}export function setup() { fail('not ready: 503'); } export default () => {};`,
      'failed',
      /^setup\(\) failed: not ready: 503$/,
    ],
    [
      'a slow setup',
      `${HEAD}${scenario(shared(1), { setupTimeout: '50ms' })}export const setup = () => sleep(60); export default () => {};`,
      'failed',
      /within 50 ms/,
    ],
  ];
  for (const [title, code, outcome, reason] of cases)
    it(`should be told after ${title}`, async () => {
      const result = await load(code, '');
      assert.equal(result.outcome, outcome, result.reason);
      assert.match(result.reason, reason);
    });

  it('should be told of a redirect that k6 would follow, and of a cookie that it would send', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/to') response.writeHead(302, { location: '/' }).end();
      else response.writeHead(200, { 'set-cookie': 'a=1' }).end();
    });
    const get = (path: string): string => `await http.asyncRequest('GET', __ENV.URL + '${path}');`;
    const of = (body: string): Promise<Ran> =>
      load(`${HEAD}${one}export default async () => { ${body} };`, server.url);
    assert.match((await of(get('/to'))).reason, /^following a redirect .* is not supported/);
    assert.match((await of(get('/') + get('/'))).reason, /set a cookie, .* is not supported/);
    assert.equal((await of(get('/'))).outcome, 'completed');
  });

  it('should be told when a limit is reached', async () => {
    await using server = await serve();
    const code = HEAD + scenario(rate(50, { duration: '50s', preAllocatedVUs: 1 })) + GET;
    const requests = await load(code, server.url, { limits: { requests: 20, durationMs: 60_000 } });
    assert.deepEqual([requests.outcome, requests.requests], ['aborted', 20]);
    assert.match(requests.reason, /limit of 20 requests/);
    const time = await load(code, server.url, { limits: { requests: 1e9, durationMs: 300 } });
    assert.deepEqual([time.outcome, time.reason], ['aborted', 'the load reached its limit of 300 ms']);
  });

  it('should be told of targets that refuse, reset, have no name or do not answer', async () => {
    const closed = createServer();
    const refusing = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    let asked = 0;
    const half = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        if (asked++ % 2 === 0) socket.resetAndDestroy();
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      });
    });
    const resetting = await listen(half);
    await using silent = await serve(() => undefined);
    const result = await checked(
      `const code = async (url, params) => (await http.asyncRequest('GET', url, null, params)).error_code;
      export default async () => {
        const [refused, timeout, unknown] = [await code('http://${refusing}/'), await code('${silent.url}/', { timeout: '50ms' }), await code('http://no-such-host.invalid/')];
        check(0, { refused: () => refused === 1212, timeout: () => timeout === 1050, 'no such host': () => [1100, 1101].includes(unknown) });
        const seen = []; for (let n = 0; n < 10; n++) seen.push(await code('http://${resetting}/'));
        check(seen, { reset: () => seen.filter((one) => one === 1220).length === 5 && seen.filter((one) => one === 0).length === 5 });
      };`,
      '',
    );
    half.close();
    assert.ok(result.errors.includes('5 × read: connection reset by peer'), result.errors.join('\n'));
  });
});
