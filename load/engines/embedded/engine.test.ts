import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { ENOUGH } from '../engine.ts';
import { count, listen, load, OK, serve, trend } from './_testing/loads.ts';
import { HEAD } from './_testing/scripts.ts';

const GET = `export default function () { http.get(__ENV.URL + '/'); }`;
const scenario = (text: string): string => `export const options = { scenarios: { s: { ${text} } } };\n`;

describe('executors', () => {
  it('should run every iteration of a constant arrival rate, over threads too', async () => {
    await using server = await serve();
    for (const threads of [1, 2]) {
      const rate = scenario(
        `executor: 'constant-arrival-rate', rate: 100, duration: '1s', preAllocatedVUs: 60`,
      );
      const result = await load(HEAD + rate + GET, server.url, { threads });
      assert.equal(result.outcome, 'completed', result.reason);
      const [one] = result.scenarios;
      assert.equal(one?.offered, 100);
      assert.equal(one.iterations + one.dropped + one.interrupted, 100);
      assert.equal(count(result, 'http_reqs'), result.requests.count);
      assert.equal(
        result.seconds.reduce((sum, { iterations }) => sum + iterations, 0),
        one.iterations,
      );
      assert.equal(
        result.seconds.reduce((sum, { offered }) => sum + (offered ?? 0), 0),
        100,
      );
    }
  });

  it('should follow a ramping arrival rate', async () => {
    await using server = await serve();
    const ramp = scenario(
      `executor: 'ramping-arrival-rate', stages: [{ duration: '1s', target: 100 }], preAllocatedVUs: 50`,
    );
    const { scenarios } = await load(HEAD + ramp + GET, server.url);
    assert.equal(scenarios[0]?.offered, 50);
    assert.equal(scenarios[0].iterations + scenarios[0].dropped, 50);
  });

  it('should drop what finds no VU, and make more up to maxVUs', async () => {
    await using server = await serve((_request, response) => void setTimeout(() => response.end('ok'), 2000));
    const rate = scenario(
      `executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 1, maxVUs: 4`,
    );
    const result = await load(HEAD + rate + GET, server.url);
    assert.equal(result.scenarios[0]?.iterations, 4);
    assert.equal(result.scenarios[0].dropped, 16);
    assert.equal(count(result, 'dropped_iterations'), 16);
  });

  it('should do shared and per-VU iterations exactly', async () => {
    await using server = await serve();
    for (const threads of [1, 3]) {
      const shared = await load(
        HEAD + scenario(`executor: 'shared-iterations', vus: 4, iterations: 25`) + GET,
        server.url,
        { threads },
      );
      assert.equal(shared.scenarios[0]?.iterations, 25);
      const perVu = await load(
        HEAD + scenario(`executor: 'per-vu-iterations', vus: 4, iterations: 5`) + GET,
        server.url,
        { threads },
      );
      assert.equal(perVu.scenarios[0]?.iterations, 20);
    }
  });

  it('should keep VUs busy until the time is over, constant and ramping', async () => {
    await using server = await serve();
    for (const text of [
      `executor: 'constant-vus', vus: 3, duration: '1s'`,
      `executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '300ms', target: 3 }, { duration: '200ms', target: 0 }]`,
    ]) {
      const result = await load(HEAD + scenario(text) + GET, server.url);
      assert.equal(result.outcome, 'completed', result.reason);
      assert.ok((result.scenarios[0]?.iterations ?? 0) > 2, JSON.stringify(result.scenarios));
      assert.equal(result.scenarios[0]?.offered, null);
    }
  });

  it('should not starve other VUs with iterations that wait for nothing', async () => {
    const text = scenario(`executor: 'constant-vus', vus: 2, duration: '1s'`);
    const result = await load(`${HEAD}${text}export default () => {};`, '');
    assert.equal(result.outcome, 'completed', result.reason);
  });

  it('should cut iterations off after gracefulStop', async () => {
    await using server = await serve(() => undefined);
    const text = scenario(`executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '200ms'`);
    const result = await load(HEAD + text + GET, server.url);
    assert.deepEqual(result.scenarios[0], {
      name: 's',
      executor: 'constant-vus',
      offered: null,
      iterations: 0,
      interrupted: 2,
      dropped: 0,
    });
    assert.equal(result.outcome, 'completed');
  });

  it('should end within gracefulStop when it is interrupted', async () => {
    await using server = await serve();
    const stop = new AbortController();
    const text = scenario(`executor: 'constant-vus', vus: 1, duration: '50s'`);
    const result = await load(HEAD + text + GET, server.url, {
      signal: stop.signal,
      second: () => stop.abort(),
    });
    assert.equal(result.outcome, 'interrupted');
    assert.equal(result.scenarios[0]?.interrupted, 0);
  });
});

describe('a load that is told that it is enough', () => {
  it('should have been offered no more than until then, and miss nothing', async () => {
    await using server = await serve();
    const stop = new AbortController();
    const text = scenario(
      `executor: 'constant-arrival-rate', rate: 200, duration: '50s', preAllocatedVUs: 20`,
    );
    let second = 0;
    const result = await load(HEAD + text + GET, server.url, {
      threads: 2,
      signal: stop.signal,
      // Stop in the middle of a second, so that most of that second's iterations do not count as offered.
      second: () => (second++ === 0 ? void setTimeout(() => stop.abort(ENOUGH), 300) : undefined),
    });
    assert.equal(result.outcome, 'completed');
    const sum = (of: 'offered' | 'started' | 'dropped'): number =>
      result.seconds.reduce((all, one) => all + (one[of] ?? 0), 0);
    // On a busy machine all VUs may be busy too. Iterations that are dropped then still count as offered.
    const [offered, begun] = [sum('offered'), sum('started') + sum('dropped')];
    assert.ok(offered <= begun && offered > begun - 40, `${offered} offered, ${begun} begun or dropped`);
    assert.ok((result.scenarios[0]?.offered ?? 0) <= begun);
  });
});

describe('what a script sees', () => {
  it('should be setup, data, iterations, groups, checks, tags and teardown', async () => {
    await using server = await serve();
    const result = await load(
      `${HEAD}import exec from 'k6/execution'; import { Counter, Gauge, Rate, Trend } from 'k6/metrics'; import { SharedArray } from 'k6/data';
      const counter = new Counter('c'), gauge = new Gauge('g'), rate = new Rate('r'), trend = new Trend('t', true);
      const words = new SharedArray('words', () => JSON.parse(open('./words.json')));
      export const options = { vus: 2, iterations: 10, thresholds: { 'c{kind:a}': ['count==10'], 'http_reqs{group:::outer::inner}': ['count==10'], 'http_reqs{name:home}': ['count==10'], 't': ['max<0'] } };
      export function setup() { http.get(__ENV.URL + '/setup'); return { token: 'x' }; }
      export default function (data) {
        group('outer', () => { group('inner', () => { http.get(__ENV.URL + '/', { tags: { name: 'home' } }); }); });
        check(data, { 'has a token': (d) => d.token === 'x', never: () => false, words: () => words[1] === 'b' && words.length === 2, vu: () => __VU > 0 && __ITER >= 0 && exec.vu.idInTest === __VU });
        counter.add(1, { kind: 'a' }); counter.add(5, { kind: 'b' }); gauge.add(__ITER); rate.add(true); trend.add(12);
      }
      export function teardown(data) { http.get(__ENV.URL + '/teardown?' + data.token); }
      export function handleSummary(data) { return { stdout: 'checks ' + data.metrics.checks.values.passes + ' in ' + data.root_group.checks.length }; }`,
      server.url,
      { files: { 'words.json': '["a","b"]' } },
    );
    assert.equal(result.outcome, 'completed', result.reason);
    assert.deepEqual(
      [...server.asked],
      [
        ['GET /setup', 1],
        ['GET /', 10],
        ['GET /teardown?x', 1],
      ],
    );
    assert.deepEqual(
      Object.fromEntries(result.checks.map(({ name, passes, fails }) => [name, [passes, fails]])),
      {
        'has a token': [10, 0],
        never: [0, 10],
        words: [10, 0],
        vu: [10, 0],
      },
    );
    assert.deepEqual(
      result.thresholds.map(({ ok }) => ok),
      [true, true, true, false],
    );
    assert.equal(count(result, 'c'), 60);
    assert.equal(trend(result, 't').max, 12);
    assert.deepEqual(result.logs, ['info: checks 30 in 4']);
  });

  it('should be answers: redirects, cookies, bodies, batches, asyncRequest', async () => {
    await using server = await serve((request, response) => {
      const path = request.url ?? '';
      if (path === '/from') response.writeHead(302, { location: '/to', 'set-cookie': 'a=1; Path=/' }).end();
      else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          response.setHeader('x-method', request.method ?? '');
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({
              path,
              cookie: request.headers.cookie ?? '',
              type: request.headers['content-type'] ?? '',
              body: Buffer.concat(parts).toString(),
            }),
          );
        });
      }
    });
    const result = await load(
      `${HEAD}const U = __ENV.URL;
      export default async function () {
        const r = http.get(U + '/from');
        check(r, { redirect: () => r.status === 200 && r.url.endsWith('/to') && r.json('cookie') === 'a=1', canonical: () => r.headers['X-Method'] === 'GET' && r.headers['Content-Type'] === 'application/json' });
        const loop = http.get(U + '/loop', { redirects: 2 });
        check(loop, { 'stops redirecting': () => loop.status === 302 });
        const form = http.post(U + '/form', { a: 1, b: 'x y' });
        check(form, { form: () => form.json().body === 'a=1&b=x+y' && form.json('type') === 'application/x-www-form-urlencoded' });
        const put = http.put(U + '/put', JSON.stringify({ a: 1 }), { headers: { 'content-type': 'application/json' } });
        check(put, { put: () => put.json('body') === '{"a":1}' && put.request.method === 'PUT' });
        const all = http.batch([['GET', U + '/1'], { method: 'POST', url: U + '/2', body: 'two' }, U + '/3']);
        check(all, { batch: () => all.map((one) => one.json('path')).join() === '/1,/2,/3' && all[1].json('body') === 'two' });
        const named = http.batch({ first: U + '/4' });
        check(named, { named: () => named.first.json('path') === '/4' });
        const [a, b] = await Promise.all([http.asyncRequest('GET', U + '/5'), http.asyncRequest('DELETE', U + '/6')]);
        check(a, { async: () => a.json('path') === '/5' && b.headers['X-Method'] === 'DELETE' });
        const bad = http.get('http://h/%zz');
        check(bad, { 'invalid URL': () => bad.status === 0 && bad.error_code === 1020 });
        http.setResponseCallback(http.expectedStatuses({ min: 300, max: 399 }));
        http.get(U + '/unexpected');
      }`,
      server.url,
    );
    assert.equal(result.outcome, 'completed', result.reason);
    assert.deepEqual(
      result.checks.filter(({ fails }) => fails > 0),
      [],
      result.logs.join('\n'),
    );
    assert.equal(result.checks.length, 9);
    assert.equal(result.requests.failed, 1);
  });

  it('should be errors that name the script’s own line', async () => {
    const result = await load(
      `${HEAD}export const options = { vus: 1, iterations: 2 };\nexport default () => {\n  null.x;\n};`,
      '',
    );
    assert.equal(result.outcome, 'completed');
    assert.deepEqual(result.errors, [{ error: "Cannot read properties of null (reading 'x')", count: 2 }]);
    assert.match(result.logs[0] ?? '', /script-\d+\.ts:4:/);
  });
});

describe('times', () => {
  it('should be those of the server, within 5 % or 1 ms where the machine allows', async () => {
    await using server = await serve((_request, response) => void setTimeout(() => response.end('ok'), 100));
    const result = await load(
      HEAD + scenario(`executor: 'per-vu-iterations', vus: 2, iterations: 5`) + GET,
      server.url,
    );
    const { min, med } = trend(result, 'http_req_duration');
    assert.ok((min ?? 0) >= 98, `min ${min}`);
    assert.ok((med ?? 0) >= 99, `med ${med}`);
  });

  it('should show a server that stalls from the intended start', async () => {
    let begin = 0;
    await using server = await serve((_request, response) => {
      begin ||= performance.now();
      const since = performance.now() - begin;
      // No answer for 1 s of the 2 s.
      if (since < 400 || since > 1400) response.end('ok');
      else setTimeout(() => response.end('ok'), 1400 - since);
    });
    const rate = scenario(
      `executor: 'constant-arrival-rate', rate: 50, duration: '2s', preAllocatedVUs: 100`,
    );
    const result = await load(HEAD + rate + GET, server.url);
    assert.equal(result.scenarios[0]?.dropped, 0);
    assert.ok((trend(result, 'plumbline_latency').p99 ?? 0) > 900);
    // Half of the requests are due during the stall; on average each waits for half of it.
    assert.ok((trend(result, 'plumbline_latency').med ?? 0) > 5);
  });
});

describe('how a load ends', () => {
  const cases: [title: string, code: string, outcome: string, reason: RegExp][] = [
    [
      'an unsupported call',
      `${HEAD}\nexport default () => http.file('x');`,
      'failed',
      /:3: k6\/http has no file/,
    ],
    [
      'a parameter that only shows when it is used, whatever the script does about it',
      `${HEAD}export const options = { vus: 2, duration: '50s' };\nexport default () => { try { http.get('http://127.0.0.1:1/', { ['comp' + 'ression']: 'gzip' }); } catch { sleep(0.01); } };`,
      'failed',
      /the request parameter 'compression' is not supported .*script-\d+\.ts:3/,
    ],
    ['a syntax error', 'export default () => {', 'failed', /syntax error/],
    [
      'an unsupported option',
      'export const options = { dns: {} }; export default () => {};',
      'failed',
      /options\.dns is not supported/,
    ],
    [
      'a scenario without its function',
      `${scenario(`executor: 'constant-vus', duration: '1s', exec: 'none'`)}export default () => {};`,
      'failed',
      /no function 'none'/,
    ],
    [
      'a threshold on no metric',
      `export const options = { thresholds: { none: ['count<1'] } }; export default () => {};`,
      'failed',
      /no metric name "none" found/,
    ],
    [
      'a script that throws at its top',
      'throw new Error("no luck"); export default () => {};',
      'failed',
      /no luck/,
    ],
    [
      'setup that throws',
      'export function setup() { throw new Error("not ready: 503"); } export default () => {};',
      'failed',
      /setup\(\) failed: Error: not ready: 503/,
    ],
    [
      'setup that takes too long',
      `${HEAD}export const options = { setupTimeout: '50ms' }; export function setup() { sleep(60); } export default () => {};`,
      'failed',
      /within 50 ms/,
    ],
    [
      'exec.test.abort',
      `import exec from 'k6/execution'; export const options = { vus: 1, duration: '50s' }; export default () => { exec.test.abort('enough'); };`,
      'aborted',
      /enough/,
    ],
    [
      'abortOnFail',
      `${HEAD}export const options = { vus: 1, duration: '50s', thresholds: { checks: [{ threshold: 'rate==1', abortOnFail: true }] } }; export default () => { check(1, { no: () => false }); sleep(0.01); };`,
      'aborted',
      /"rate==1" on checks/,
    ],
  ];
  for (const [title, code, outcome, reason] of cases)
    it(`should be told after ${title}`, async () => {
      const result = await load(code, '');
      assert.equal(result.outcome, outcome, result.reason);
      assert.match(result.reason, reason);
    });

  it('should be told when a limit is reached', async () => {
    await using server = await serve();
    // One VU only: with more, requests in flight would be cut off when the limit is reached.
    const text = `${HEAD}export const options = { vus: 1, duration: '50s' };\n${GET}`;
    const requests = await load(text, server.url, { limits: { requests: 20, durationMs: 60_000 } });
    assert.deepEqual([requests.outcome, requests.requests.count], ['aborted', 20]);
    assert.match(requests.reason, /limit of 20 requests/);
    const time = await load(text, server.url, { limits: { requests: 1e9, durationMs: 300 } });
    assert.match(time.reason, /limit of 300 ms/);
  });

  it('should be told when a thread dies, with what was told before', async () => {
    await using server = await serve();
    const code = `${HEAD}export const options = { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '50s' } } };
      let kept = []; export default () => { http.get(__ENV.URL + '/'); if (__ITER > 50) for (;;) kept.push(new Array(100000).fill(__ITER)); sleep(0.04); };`;
    const result = await load(code, server.url, { memoryMb: 64 });
    assert.equal(result.outcome, 'failed');
    assert.match(result.reason, /a thread of the load died: it ran out of memory/);
    assert.ok(result.requests.count > 0, 'the seconds before are there');
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
    const result = await load(
      `${HEAD}const codes = (url, params) => http.get(url, params).error_code;
      export default () => {
        check(0, { refused: () => codes('http://${refusing}/') === 1212, timeout: () => codes('${silent.url}/', { timeout: '50ms' }) === 1050, 'no such host': () => [1100, 1101].includes(codes('http://no-such-host.invalid/')) });
        const seen = []; for (let n = 0; n < 10; n++) seen.push(codes('http://${resetting}/'));
        check(seen, { reset: () => seen.filter((one) => one === 1220).length === 5 && seen.filter((one) => one === 0).length === 5 });
      };`,
      '',
    );
    half.close();
    assert.deepEqual(
      result.checks.filter(({ fails }) => fails > 0),
      [],
      result.logs.join('\n'),
    );
    assert.equal(result.requests.failed, 8);
    assert.equal(result.errors.find(({ error }) => error.includes('reset'))?.count, 5);
  });

  it('should be told of nothing that the script does not know: no variables of this process', async () => {
    await using server = await serve(OK);
    const result = await load(
      'export default () => { throw new Error(Object.keys(__ENV).join()); };',
      server.url,
    );
    assert.deepEqual(result.errors, [{ error: 'URL', count: 1 }]);
  });
});
