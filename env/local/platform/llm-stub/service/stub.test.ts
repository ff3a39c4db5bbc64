import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { changed, DEFAULT_BEHAVIOUR, LlmStub, stubServer } from './stub.ts';

const KEY = 'key-of-a-test';

async function listening(context: TestContext, random = (): number => 0.5): Promise<string> {
  const server = stubServer(new LlmStub({ apiKey: KEY, random }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const ask = (url: string, key = KEY): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'A bridge' }] }),
  });

const control = (url: string, body: unknown): Promise<Response> =>
  fetch(`${url}/control`, { method: 'PUT', body: JSON.stringify(body) });

test('should answer as the API does, but only with the right key', async (context) => {
  const url = await listening(context);
  await control(url, { delayMs: 0 });
  const answer = await ask(url);
  const { object, choices } = (await answer.json()) as {
    object: string;
    choices: { message: { role: string; content: string } }[];
  };
  assert.deepEqual([answer.status, object, choices[0]?.message.role], [200, 'chat.completion', 'assistant']);
  assert.match(choices[0]?.message.content ?? '', /A bridge/);
  const refused = await ask(url, 'another');
  assert.equal(refused.status, 401);
  assert.doesNotMatch(await refused.text(), new RegExp(KEY));
  const empty = { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body: '{}' };
  assert.equal((await fetch(`${url}/v1/chat/completions`, empty)).status, 400);
  assert.equal((await fetch(`${url}/v1/models`)).status, 404);
});

test('should be as slow and fail as often as it is configured, until that is reset', async (context) => {
  const url = await listening(context);
  assert.equal((await control(url, { delayMs: 40, failRatio: 1, status: 429 })).status, 200);
  const began = performance.now();
  const limited = await ask(url);
  assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '1']);
  assert.ok(performance.now() - began >= 39);
  await control(url, { failRatio: 0.5, delayMs: 0 }); // the stub drew 0.5, which is not below the ratio
  assert.equal((await ask(url)).status, 200);
  const reset = (await (await fetch(`${url}/control`, { method: 'DELETE' })).json()) as Record<
    string,
    unknown
  >;
  assert.deepEqual(reset, { ...DEFAULT_BEHAVIOUR, counts: { answered: 1, failed: 1, unauthorized: 0 } });
});

test('should refuse an invalid behaviour', () => {
  const refusal = (wanted: Record<string, unknown>): string =>
    JSON.stringify(changed(DEFAULT_BEHAVIOUR, wanted));
  assert.match(refusal({ delayMs: -1 }), /delayMs.* must be 0 to 120000/);
  assert.match(refusal({ failRatio: 2 }), /failRatio.* must be 0 to 1/);
  assert.match(refusal({ status: 200 }), /status.* must be 400 to 599/);
  assert.match(refusal({ delay: 1 }), /unknown .*delay/);
});
