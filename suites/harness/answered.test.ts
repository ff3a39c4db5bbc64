import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askWho } from './answered.ts';
import type { CheckContext } from './context.ts';

describe('asking which pods answer', () => {
  const asked = async (servedBy: string | undefined, answers: readonly object[]): Promise<unknown[]> => {
    const recorded: unknown[] = [];
    let count = 0;
    await askWho({
      id: 'scaling/backend/up',
      settings: { application: { ...(servedBy !== undefined && { servedBy }) } },
      runner: { call: () => Promise.resolve(answers[count++ % answers.length]) },
      record: (kind: string, fields: { pods: unknown; asked: number }) =>
        recorded.push([kind, fields.asked, fields.pods]),
    } as unknown as CheckContext);
    return recorded;
  };
  const answer = (pod: string, ok = true): object => ({ answer: { ok, headers: { 'x-pod': pod } } });

  it('should count good answers by the pod that the header names', async () => {
    const mixed = [answer('bids-1'), answer('bids-2'), answer('bids-3', false), { failed: 'ECONNREFUSED' }];
    assert.deepEqual(await asked('X-Pod', mixed), [
      [
        'answered-by',
        60,
        [
          { pod: 'bids-1', answers: 15 },
          { pod: 'bids-2', answers: 15 },
        ],
      ],
    ]);
    assert.deepEqual(await asked('X-Pod', [answer('')]), [['answered-by', 60, []]]);
  });

  it('should ask nobody where no header names pods', async () => {
    assert.deepEqual(await asked(undefined, [answer('bids-1')]), []);
  });
});
