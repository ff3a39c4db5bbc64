/**
 * A run that is killed while it sends canary requests leaves drafts: the next run removes them, says so, and touches nothing of others. Wants the
 * rehearsal up, with PostgreSQL and telemetry.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import { pointed } from '../../probes/application/contract.ts';
import { CHECKOUT } from '../../host/paths.ts';
import { declaredApplication } from './_helpers/application.ts';
import { Workplace } from './_helpers/platform.ts';

/** It sends requests that create drafts for more than ten seconds. */
const SENDS = 'telemetry/traces/complete';
const BEGIN_MS = 120_000;

const place = new Workplace();
after(() => place.remove());

test('should remove the canaries of a run that was killed, and nothing else', async (t) => {
  const { target, requests, ask, made, isThere } = await declaredApplication();
  const listed = async (): Promise<string[]> => {
    const { reply } = await ask(requests.find, { title: target.prefix });
    const { list, id } = requests.find.entries;
    const entries = pointed(JSON.parse(reply.text), list) as unknown[];
    return entries.map((entry) => String(pointed(entry, id)));
  };
  const theirs = [await made(`Not a ${target.prefix}`), await made(target.prefix.slice(0, -1))];
  t.after(async () => {
    for (const id of theirs) await ask(requests.remove, { id });
  });

  const argv = [join(CHECKOUT, 'cli/plumbline.mjs'), 'run', '--env', 'rehearsal', '--check', SENDS];
  const child = spawn(process.execPath, [...argv, '--out', place.folderOf('killed')], {
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(child, 'exit');
  const some = async (): Promise<true | null> => ((await listed()).length >= 3 ? true : null);
  await waitFor(some, { what: 'drafts of canaries', deadlineMs: BEGIN_MS });
  process.kill(-(child.pid ?? assert.fail('it has not begun')), 'SIGKILL');
  await ended;
  const left = await listed();
  assert.ok(left.length >= 3, `${left.length} drafts are left`);

  const { notes } = await place.run('rehearsal', [SENDS]);
  const [, removed] =
    /canaries created through the edge: (\d+) removed, which an earlier run had left/.exec(
      notes.join('\n'),
    ) ?? assert.fail(notes.join('\n'));
  assert.ok(Number(removed) >= left.length, `${removed} of ${left.length} were removed`);
  for (const id of left) assert.equal(await isThere(id), false, id);
  assert.deepEqual(await listed(), [], 'nor is one of its own left');
  for (const id of theirs) assert.equal(await isThere(id), true, id);
});
