import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ServedRunner } from '../served.ts';
import { checkMethods } from './check.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-check-end-'));
after(() => rmSync(folder, { recursive: true }));
const check = 'failover/postgres/hang';

test('should let a check act from the beginning of its trial on, also where it has ended before', async () => {
  const begun: string[] = [];
  const { signal } = new AbortController();
  const runner = {
    parts: { safety: { beginCheck: (id: string) => begun.push(id) } },
    runState: {
      headerSource: () => ({ goals: {}, settings: {} }),
      openTrial: () => Promise.resolve(folder),
    },
  } as unknown as ServedRunner;
  const answer = await checkMethods(runner)['check.begin']({ check, trial: 2 }, { check, signal });
  assert.deepEqual([answer.folder, begun], [folder, [check]]);
});

test('should record of a check that is not permitted any more that its last trial had no fault, once all is undone', async () => {
  const done: unknown[] = [];
  const { signal } = new AbortController();
  const runner = {
    parts: { signal, safety: { stopped: signal } },
    abandon: () => Promise.resolve(void done.push('undone')),
    runState: {
      trialFolder: (_check: string, trial: number) => (done.push(trial), folder),
      redact: (text: string) => text.replace('geheim', '***'),
      conclude: (...of: unknown[]) => Promise.resolve(void done.push(of)),
    },
  } as unknown as ServedRunner;
  const end = checkMethods(runner)['check.end'];
  const refused = 'not permitted: its permit ended (geheim)';
  await end({ check, trials: 7, steps: [], refused }, { check, signal });
  const [line = '', ...more] = readFileSync(join(folder, 'runner.ndjson'), 'utf8').trim().split('\n');
  const { kind, reason } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([kind, reason, more], ['no-fault', 'not permitted: its permit ended (***)', []]);
  assert.deepEqual(done, ['undone', 7, [check, { verdict: 'inconclusive', message: refused }, []]]);
});
