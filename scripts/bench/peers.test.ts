import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { k6 } from './peers.ts';

test("should read k6's summary from its file, whatever k6 prints", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-peers-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  const summary = { metrics: { http_reqs: { count: 12 }, http_req_duration: { med: 1.5, 'p(99)': 4 } } };
  const program = [
    '#!/bin/sh',
    'echo "     checks {not what is looked for}"',
    'while [ $# -gt 0 ]; do',
    `  if [ "$1" = --summary-export ]; then printf '%s' '${JSON.stringify(summary)}' >"$2"; fi`,
    '  shift',
    'done',
    '',
  ];
  writeFileSync(join(folder, 'k6'), program.join('\n'), { mode: 0o755 });
  setVariable(context, 'PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
  const { requests, p50, p99 } = await k6(folder).closed('http://127.0.0.1:1/', 1);
  assert.deepEqual([requests, p50, p99], [12, 1.5, 4]);
  writeFileSync(join(folder, 'k6'), '#!/bin/sh\nrm -f k6-summary.json\n', { mode: 0o755 });
  rmSync(join(folder, 'k6-summary.json'));
  await assert.rejects(k6(folder).closed('http://127.0.0.1:1/', 1), /wrote no summary/);
});
