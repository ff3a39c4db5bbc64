import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { observe } from './observe.ts';

test('should ask for no draft with an id or a title of another one, of an earlier run neither', async () => {
  const ids: string[] = [];
  const answers: Record<string, object> = { 'application.draft': { ms: 1 }, 'ai.behave': {}, 'ai.rest': {} };
  const ctx = {
    id: 'integrations/llm',
    settings: { writes: true },
    timeoutMs: () => 1_000,
    record: () => undefined,
    step: (_title: string, body: () => unknown) => body(),
    runner: {
      call: (method: string, { correlationId }: { correlationId?: string }) => {
        if (correlationId !== undefined) ids.push(correlationId);
        return Promise.resolve(answers[method]);
      },
    },
  } as unknown as CheckContext;
  await observe(ctx);
  await observe(ctx);
  assert.equal(ids.length, 16);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[a-z0-9-]{1,36}$/);
});
