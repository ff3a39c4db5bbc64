import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { Credentials } from './credentials.ts';
import type { CredentialsOptions } from './credentials.ts';

const servers: Server[] = [];
const opened: Credentials[] = [];
after(() => {
  for (const one of opened) one.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

interface Asked {
  authorization: string;
  form: Record<string, string>;
}

/** A token endpoint that counts its tokens, and what it was asked. */
async function endpoint(
  answer: (n: number, asked: Asked) => { status?: number; body: unknown; headers?: Record<string, string> },
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { authorization = '' } = request.headers;
      const seen = { authorization, form: Object.fromEntries(new URLSearchParams(body)) };
      asked.push(seen);
      const { status = 200, body: said, headers = {} } = answer(asked.length, seen);
      response.writeHead(status, headers).end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, asked };
}

function made(options: CredentialsOptions): Credentials {
  const credentials = new Credentials(options);
  opened.push(credentials);
  return credentials;
}

const oauth2 = (tokenUrl: string, more: object = {}) => ({
  headers: [],
  oauth2: { tokenUrl, clientId: 'plumbline & co', sends: 'basic', renewSeconds: 30, ...more } as const,
});
const SECRET = { clientSecret: 's3cret:+' };
/** Credentials whose first renewal is told. */
function renewing(url: string): { credentials: Credentials; renewed: Promise<undefined> } {
  const { promise: renewed, resolve } = Promise.withResolvers<undefined>();
  const onRenewed = (): void => resolve(undefined);
  return { credentials: made({ plan: oauth2(url), values: SECRET, onRenewed }), renewed };
}

const token = (n: number, seconds?: number) => ({
  body: {
    access_token: `token-${n}`,
    token_type: 'bearer',
    ...(seconds !== undefined && { expires_in: seconds }),
  },
});

describe('what a client shows', () => {
  it('should be headers and basic authentication as they are declared, with no token endpoint asked', async () => {
    const credentials = made({
      plan: { headers: ['X-API-Key'], basic: { user: 'shop' } },
      values: { 'header:X-API-Key': 'k1', password: 'p1' },
    });
    await credentials.open();
    assert.deepEqual(credentials.headers(), { 'x-api-key': 'k1', authorization: 'Basic c2hvcDpwMQ==' });
    credentials.refused(credentials.headers());
    assert.deepEqual(credentials.counts(), { renewals: 0, refusals: 0, failures: 0, trouble: '' });
  });

  it('should be a token of client credentials, asked for as RFC 6749 has it', async () => {
    const { url, asked } = await endpoint((n) => token(n, 3600));
    const found: string[] = [];
    const credentials = made({
      plan: oauth2(url, { scope: 'orders.read', audience: 'shop' }),
      values: SECRET,
      onSecret: (secret) => found.push(secret),
    });
    await credentials.open();
    assert.deepEqual(credentials.headers(), { authorization: 'Bearer token-1' });
    assert.deepEqual(asked[0]?.form, {
      grant_type: 'client_credentials',
      scope: 'orders.read',
      audience: 'shop',
    });
    const joined = Buffer.from(asked[0].authorization.replace('Basic ', ''), 'base64').toString();
    assert.equal(joined, 'plumbline+%26+co:s3cret%3A%2B');
    assert.deepEqual(found, [asked[0].authorization.replace('Basic ', ''), 'token-1']);
    const left = credentials.leftMs() ?? 0;
    assert.ok(left > 3_590_000 && left <= 3_600_000, String(left));
  });

  it('should put the secret of the client into the body where that is declared', async () => {
    const { url, asked } = await endpoint((n) => token(n));
    await made({ plan: oauth2(url, { sends: 'body' }), values: SECRET }).open();
    assert.deepEqual(asked[0], {
      authorization: '',
      form: { grant_type: 'client_credentials', client_id: 'plumbline & co', client_secret: 's3cret:+' },
    });
  });

  it('should be a token that does not say when it expires, or has no lifetime, and need not be of type Bearer', async () => {
    for (const more of [
      { expires_in: null },
      { expires_in: 0 },
      { expires_in: -1 },
      { expires_in: '' },
      { expires_in: 'never' },
      { token_type: null },
      { token_type: 'BearerToken' },
    ]) {
      const { url } = await endpoint(() => ({ body: { access_token: 'x', ...more } }));
      const credentials = made({ plan: oauth2(url), values: SECRET });
      await credentials.open();
      assert.deepEqual(credentials.headers(), { authorization: 'Bearer x' }, JSON.stringify(more));
      assert.equal(credentials.leftMs(), null);
    }
    const { url } = await endpoint(() => ({ body: { access_token: 'x', expires_in: '3600' } }));
    const credentials = made({ plan: oauth2(url), values: SECRET });
    await credentials.open();
    assert.ok((credentials.leftMs() ?? 0) > 3_590_000);
  });

  it('should say why there is no token, and nothing secret', async () => {
    const cases: [{ status?: number; body: unknown }, RegExp][] = [
      [{ status: 401, body: { error: 'invalid_client' } }, /\/token answers 401 invalid_client$/],
      [{ status: 500, body: 's3cret:+' }, /\/token answers 500$/],
      [{ body: '<html>login</html>' }, /answers 200 without an access_token$/],
      [{ body: { access_token: 'x', token_type: 'mac' } }, /a token of type "mac", expected Bearer$/],
    ];
    for (const [said, expected] of cases) {
      const { url } = await endpoint(() => said);
      await assert.rejects(made({ plan: oauth2(url), values: SECRET }).open(), (error: Error) => {
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      });
    }
    await assert.rejects(
      made({ plan: oauth2('http://127.0.0.1:1/token'), values: SECRET }).open(),
      /the token endpoint http:\/\/127\.0\.0\.1:1\/token does not answer: .*ECONNREFUSED/,
    );
  });
});

describe('a token that does not last', () => {
  it('should be renewed before it expires, without a request that waits for it', async () => {
    const { url, asked } = await endpoint((n) => token(n, n === 1 ? 2 : 3600));
    const { credentials, renewed } = renewing(url);
    await credentials.open();
    await renewed;
    assert.equal(asked.length, 2);
    assert.deepEqual(credentials.headers(), { authorization: 'Bearer token-2' });
    assert.deepEqual(credentials.counts(), { renewals: 1, refusals: 0, failures: 0, trouble: '' });
  });

  it('should be renewed once when it is refused, however many requests were under way', async () => {
    const { url, asked } = await endpoint((n) => token(n, 3600));
    const { credentials, renewed } = renewing(url);
    await credentials.open();
    const sent = credentials.headers();
    for (let n = 0; n < 50; n++) credentials.refused(sent);
    await renewed;
    for (let n = 0; n < 50; n++) credentials.refused(sent);
    assert.equal(asked.length, 2);
    // A gateway that refuses the new one as well is not asked for a token with every request.
    for (let n = 0; n < 50; n++) credentials.refused(credentials.headers());
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked.length, 2);
    assert.deepEqual(credentials.counts(), { renewals: 1, refusals: 1, failures: 0, trouble: '' });
  });

  it('should stay in use when its renewal fails, and say why that failed', async () => {
    const { url } = await endpoint((n) => (n === 1 ? token(1, 3600) : { status: 503, body: 'down' }));
    const credentials = made({ plan: oauth2(url), values: SECRET });
    await credentials.open();
    credentials.refused(credentials.headers());
    while (credentials.counts().failures === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(credentials.headers(), { authorization: 'Bearer token-1' });
    const { trouble, renewals, refusals } = credentials.counts();
    assert.match(trouble, /\/token answers 503$/);
    assert.deepEqual([renewals, refusals], [0, 1]);
  });
});

/** Waits of timers, ms, that are as long as those before a renewal. */
function longWaits(set: { mock: { calls: { arguments: unknown[] }[] } }): number[] {
  return set.mock.calls.map((call) => Number(call.arguments[1])).filter((ms) => ms >= 20_000);
}

describe('a renewal that fails', () => {
  it('should wait a minute where the client is not recognised, or as long as Retry-After says', async (t) => {
    const cases: [number, object, Record<string, string>, number][] = [
      [400, { error: 'invalid_client' }, {}, 60_000],
      [401, {}, {}, 60_000],
      [429, {}, { 'retry-after': '90' }, 90_000],
    ];
    for (const [status, body, headers, expected] of cases) {
      const { url, asked } = await endpoint((n) => (n === 1 ? token(1) : { status, body, headers }));
      const credentials = made({ plan: oauth2(url), values: SECRET });
      await credentials.open();
      const set = t.mock.method(globalThis, 'setTimeout');
      credentials.refused(credentials.headers());
      while (credentials.counts().failures === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(longWaits(set), [expected]);
      set.mock.restore();
      // As if the half minute were over in which no other refusal counts.
      const [seconds] = process.hrtime();
      t.mock.method(process, 'hrtime', () => [seconds + 31, 0]);
      credentials.refused(credentials.headers());
      assert.deepEqual([asked.length, credentials.counts().refusals], [2, 1], 'a refusal does not hurry it');
      t.mock.restoreAll();
    }
  });

  it('should show the secret of the client as it is by now', async () => {
    let valid = 'one';
    const { url, asked } = await endpoint((n, { form }) =>
      form['client_secret'] === valid ? token(n) : { status: 401, body: { error: 'invalid_client' } },
    );
    const renewed = Promise.withResolvers<undefined>();
    const credentials = made({
      plan: oauth2(url, { sends: 'body' }),
      values: { clientSecret: 'one' },
      reread: () => Promise.resolve(valid),
      onRenewed: () => renewed.resolve(undefined),
    });
    await credentials.open();
    valid = 'two';
    credentials.refused(credentials.headers());
    await renewed.promise;
    assert.deepEqual(
      asked.map(({ form }) => form['client_secret']),
      ['one', 'one', 'two'],
    );
    assert.deepEqual(await credentials.valuesNow(), { clientSecret: 'two' });
    assert.equal(credentials.counts().failures, 0);
  });

  it('should wait twice as long each time, a minute at most, as for a token that has expired', async (t) => {
    const jwt = `x.${Buffer.from(JSON.stringify({ exp: 1 })).toString('base64url')}.y`;
    for (const reread of [() => Promise.resolve(jwt), () => Promise.reject(new Error('no Secret'))]) {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      let reads = 0;
      const credentials = made({
        plan: { headers: [], bearer: {} },
        values: { bearer: jwt },
        reread: () => {
          reads++;
          return reread();
        },
      });
      await credentials.open();
      for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
        const before = reads;
        t.mock.timers.tick(seconds * 1000 - 1);
        assert.equal(reads, before, `sooner than after ${seconds} s`);
        t.mock.timers.tick(1);
        assert.equal(reads, before + 1, `not after ${seconds} s`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      credentials.close();
      t.mock.timers.reset();
    }
  });
});

describe('a bearer token', () => {
  it('should be read again from its file when it is refused', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-token-'));
    after(() => rm(folder, { recursive: true }));
    const file = path.join(folder, 'token');
    await writeFile(file, 'one\n');
    const renewed = Promise.withResolvers<undefined>();
    const credentials = made({
      plan: { headers: [], bearer: { file } },
      values: { bearer: 'one' },
      onRenewed: () => renewed.resolve(undefined),
    });
    await credentials.open();
    await writeFile(file, 'two\n');
    credentials.refused(credentials.headers());
    await renewed.promise;
    assert.deepEqual(credentials.headers(), { authorization: 'Bearer two' });
  });

  it('should not count as renewed where it is the same as before', async () => {
    let reads = 0;
    const credentials = made({
      plan: { headers: [], bearer: {} },
      values: { bearer: 'one' },
      reread: () => {
        reads++;
        return Promise.resolve('one');
      },
    });
    await credentials.open();
    credentials.refused(credentials.headers());
    while (reads === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(credentials.counts(), { renewals: 0, refusals: 1, failures: 0, trouble: '' });
    assert.equal(credentials.leftMs(), null);
  });

  it('should tell its expiry where it is a JWT', async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const jwt = `x.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.y`;
    const credentials = made({ plan: { headers: [], bearer: {} }, values: { bearer: jwt } });
    await credentials.open();
    const left = credentials.leftMs() ?? 0;
    assert.ok(left > 590_000 && left <= 601_000, String(left));
  });
});
