import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { redactor } from '../../probes/redact.ts';
import { redactFolder, swept } from './redact-folder.ts';
import { appendToTrial } from '../state/trials.ts';
import { writeEnd } from './run-history.ts';

const SECRET = 'marked"sécret-4711';
const folder = mkdtempSync(join(tmpdir(), 'plumbline-redact-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Files that hold the secret in any of its spellings. */
function holders(): string[] {
  const spellings = [SECRET, JSON.stringify(SECRET).slice(1, -1), encodeURIComponent(SECRET)];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => spellings.some((spelling) => readFileSync(file).includes(spelling)));
}

test('should leave a secret in no file of a run, whoever wrote it, and all else as it was', () => {
  const trial = join(folder, 'histories', 'a.b', 'trial-01');
  const output = join(folder, 'playwright', 'a-check');
  for (const made of [trial, output]) mkdirSync(made, { recursive: true });
  const binary = Buffer.from([0, 255, 128, 10, 200]);
  writeFileSync(join(folder, 'playwright-1.log'), `Error: password "${SECRET}" refused\n`);
  writeFileSync(join(trial, 'check.ndjson'), `${JSON.stringify({ kind: 'x', reason: SECRET })}\n`);
  writeFileSync(join(output, 'attachment.bin'), Buffer.concat([binary, Buffer.from(SECRET), binary]));
  writeFileSync(join(output, 'untouched.bin'), binary);
  writeFileSync(join(folder, 'handover-1.json'), `{"url":"http://u:${encodeURIComponent(SECRET)}@h"}`);
  assert.equal(holders().length, 4);
  redactFolder(folder, [SECRET]);
  assert.deepEqual(holders(), []);
  assert.equal(readFileSync(join(folder, 'playwright-1.log'), 'utf8'), 'Error: password "***" refused\n');
  assert.deepEqual(readFileSync(join(output, 'untouched.bin')), binary);
  assert.deepEqual(
    readFileSync(join(output, 'attachment.bin')),
    Buffer.concat([binary, Buffer.from('***'), binary]),
  );
});

test("should keep secrets out of the runner's own histories as they are written", async () => {
  const trial = join(folder, 'histories', 'c.d', 'trial-01');
  mkdirSync(trial, { recursive: true });
  const redact = redactor([SECRET]);
  await appendToTrial(
    trial,
    [{ kind: 'runner-verdict', verdict: 'fail', message: `login as ${SECRET}` }],
    redact,
  );
  const restored = { actions: 1, failed: [`with ${SECRET}`], steadyAgain: null };
  await writeEnd(join(folder, 'histories'), { interrupted: null, restored }, redact);
  assert.match(readFileSync(join(trial, 'runner.ndjson'), 'utf8'), /login as \*\*\*/);
  assert.deepEqual(holders(), []);
});

test('should sweep a folder with what was read meanwhile, also when the work fails', async () => {
  const read: string[] = [];
  const log = join(folder, 'playwright-9.log');
  const work = (fails: boolean) => async (): Promise<void> => {
    read.push(SECRET);
    await writeFile(log, `refused ${SECRET}`);
    if (fails) throw new Error('the cluster went away');
  };
  await swept(folder, () => read, work(false));
  assert.equal(readFileSync(log, 'utf8'), 'refused ***');
  await assert.rejects(
    swept(folder, () => read, work(true)),
    /went away/,
  );
  assert.equal(readFileSync(log, 'utf8'), 'refused ***');
});

test('should take out of evidence also what looks like a token, after the secrets that are known', () => {
  const trial = join(folder, 'histories', 'e.f', 'trial-01');
  mkdirSync(trial, { recursive: true });
  const file = join(trial, 'check.ndjson');
  const known = 'tulip?x7k2p:6f9cq8\\sdkfjh2';
  const lines = (secret: string, token: string) =>
    [
      {
        kind: 'evidence',
        t: 1.5,
        source: 'logs',
        text: `Größe\nBearer ${secret} at "/v3"\nBearer ${token}\n`,
      },
      { kind: 'evidence', t: 2, source: 'logs', text: 'nothing – of that kind' },
      { kind: 'pod', t: 3, text: 'Bearer opaque-4711-ä' },
    ].map((line) => `${JSON.stringify(line)}\n`);
  const cut = '{"kind":"evidence","t":4,"text":"GET / Bearer opaque-47';
  writeFileSync(file, lines(known, 'opaque-4711-ä').join('') + cut);
  redactFolder(folder, [known]);
  const left = readFileSync(file, 'utf8');
  assert.equal(left, lines('***', '***').join('') + cut.replace('opaque-47', '***'));
  writeFileSync(file, lines('***', 'opaque-4711').join(''));
  redactFolder(folder, []);
  assert.equal(readFileSync(file, 'utf8'), lines('***', '***').join(''), 'without any known secret');
});
