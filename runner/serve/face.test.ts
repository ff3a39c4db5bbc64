import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { faceAt } from './face.ts';
import type { Face } from './face.ts';

type RunCheck = Parameters<Face['serve']>[1];

function serving(context: TestContext, run: RunCheck) {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-face-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, 'runner.sock');
  const [left, stop] = [new AbortController(), new AbortController()];
  const served = faceAt(socketPath, left.signal).serve(stop.signal, run);
  const ask = (check: string) => request({ socketPath, path: `/${check}` }).end();
  const answer = async (check: string): Promise<IncomingMessage> =>
    ((await once(ask(check), 'response')) as [IncomingMessage])[0];
  return { served, left, stop, ask, answer };
}

test('should say what becomes of a check, a line a message, and that another is unknown', async (context) => {
  const { served, left, answer } = serving(context, (check, follow) => {
    if (check !== 'a/b') return Promise.resolve(null);
    follow({ kind: 'step-begins', step: 1, title: 'look' });
    follow({ kind: 'step-ends', step: 1 });
    return Promise.resolve({ kind: 'verdict', judgement: null, notRun: 'not declared: gpu' });
  });
  const lines = (await text(await answer('a/b'))).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { kind: 'step-begins', step: 1, title: 'look' },
      { kind: 'step-ends', step: 1 },
      { kind: 'verdict', judgement: null, notRun: 'not declared: gpu' },
    ],
  );
  const unknown = await answer('a/c');
  assert.deepEqual([unknown.statusCode, await text(unknown)], [404, '']);
  left.abort();
  await served;
});

for (const who of ['its test', 'Playwright'] as const)
  test(`should break off a check when ${who} is gone, and wait until it has been undone`, async (context) => {
    const undone: string[] = [];
    const begun = Promise.withResolvers<null>();
    const { served, left, ask } = serving(context, async (check, _follow, gone) => {
      begun.resolve(null);
      if (!gone.aborted) await once(gone, 'abort');
      undone.push(check);
      return null;
    });
    const asked = ask('a/b').on('error', () => undefined);
    await begun.promise;
    if (who === 'its test') asked.destroy();
    left.abort();
    await served;
    assert.deepEqual(undone, ['a/b']);
  });
