import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { parseRun } from '../../reports/record/parse-run.ts';
import { acceptedRun } from '../../reports/_testing/accepted.ts';
import { makeRunFolder } from '../record/run-folder.ts';
import { conclude } from './conclude.ts';
import { Progress } from './progress.ts';

test('should keep its verdict where latest cannot be moved, and say so before the summary', async (context) => {
  const parent = tempFolder(context);
  mkdirSync(join(parent, 'latest'));
  const folder = makeRunFolder(parent, 'local');
  const said: string[] = [];
  const sent: string[] = [];
  const { exitCode } = await conclude(acceptedRun('met'), {
    folder,
    harnessFailure: null,
    baseline: undefined,
    secrets: [],
    redact: (text) => text,
    progress: new Progress({ write: (text) => said.push(text) }),
    send: (written) => {
      sent.push(written.id);
      return Promise.resolve();
    },
  });
  assert.deepEqual([exitCode, sent], [0, [acceptedRun('met').id]]);
  assert.match(said.join(''), /latest does not point at this run, [^]*: MET, [^]*\nreport: /);
  assert.equal(parseRun(readFileSync(join(folder.path, 'run.json'), 'utf8')).verdict, 'pass');
  assert.ok(existsSync(join(folder.path, 'junit.xml')));
});
