import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onlyRun, plumbline, scratch } from '../_helpers/runner-fixture.ts';

const folder = scratch();

test('should restore, write what there is and end with 130 on Ctrl-C during a fault; judging again agrees', async () => {
  const out = join(folder, 'interrupted');
  let sent = false;
  const { code, output } = await plumbline(
    ['drill', 'failover/postgres/pod-crash', '--env', 'local-small', '--out', out],
    {
      onStart: (child) => {
        // The fault is in the history as soon as it is armed, whatever is shown.
        const timer = setInterval(() => {
          if (!faultArmed(out)) return;
          clearInterval(timer);
          sent = child.kill('SIGINT');
        }, 20);
        child.on('exit', () => clearInterval(timer));
      },
    },
  );
  assert.ok(sent, output);
  assert.equal(code, 130, output);
  const { record, folder: made } = onlyRun(out);
  assert.equal(record.interrupted, 'SIGINT');
  assert.deepEqual(record.restored.failed, []);
  const check = record.checks.find(({ id }) => id === 'failover/postgres/pod-crash');
  assert.equal(check?.verdict, 'inconclusive');
  assert.match(check.reason, /interrupted by SIGINT/);

  const judged = await plumbline(['judge', made]);
  assert.equal(judged.code, 130, judged.output);
  assert.match(judged.output, /failover\/postgres\/pod-crash +not finished: interrupted by SIGINT/);

  const restored = await plumbline(['restore', '--env', 'local-small']);
  assert.equal(restored.code, 0, restored.output);
  assert.match(restored.output, /0 actions were open/);
});

function faultArmed(out: string): boolean {
  const [run] = existsSync(out) ? readdirSync(out) : [];
  if (run === undefined) return false;
  const file = join(out, run, 'histories', 'failover.postgres.pod-crash', 'trial-01', 'faults.ndjson');
  return existsSync(file) && readFileSync(file, 'utf8').includes('"fault-armed"');
}
