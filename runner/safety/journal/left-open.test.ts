import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { followJournal } from '../timers/host-timer.ts';
import { clearTrouble, leftOpen, writeTrouble } from './left-open.ts';
import { Journal } from './journal.ts';
import { bootId } from '../../../host/process-identity.ts';
import { holderSelf } from '../lease/place.ts';
import { HolderRecord } from '../lease/processes.ts';
import { CLUSTER_TIMER_FILE } from '../timers/host-timer.ts';
import type { Rollback } from '../types.ts';

function record(journal: Journal, title: string, rollback: Rollback): void {
  journal.record({
    id: title,
    check: 'failover/postgres/node-loss',
    title,
    access: 'fault',
    rollback,
    clusterUid: 'u',
    bootId: bootId(),
    holder: { pid: 1, startTime: '1' },
    runId: 'r',
    dueMs: 0,
    dueAfterMs: 0,
    at: '',
  });
}

/** A journal with the power of a node that is given back once the file is there. */
function lost(): { folder: string; journal: Journal; power: string } {
  const folder = tempFolder();
  const power = join(folder, 'power');
  const journal = new Journal(join(folder, 'journal'));
  record(journal, 'node-loss of tender/pg-1', {
    kind: 'node-power',
    node: 'worker-1',
    commands: { on: ['cat', power], state: ['cat', power], isOn: 'on', isOff: 'off', timeoutMs: 5_000 },
  });
  return { folder: journal.folder, journal, power };
}

test('says nothing where nothing is open, or while whoever did it still runs', () => {
  const { folder, journal } = lost();
  const holders = new HolderRecord(folder);
  holders.add(holderSelf());
  assert.equal(leftOpen(folder), null);
  holders.remove(holderSelf());
  assert.match(leftOpen(folder) ?? '', /^LEFT BROKEN .* 1 not undone: node-loss of tender\/pg-1 .*no timer/);
  journal.setState(1, 'done');
  assert.equal(leftOpen(folder), null);
  assert.equal(leftOpen(join(folder, 'nowhere')), null);
});

test('false verdict 24: what the timer tries in vain is on record, with since when and how often', async () => {
  const { folder, journal, power } = lost();
  const following = followJournal(folder, undefined);
  const began = performance.now();
  let said: string | null;
  try {
    while (!existsSync(join(folder, 'host-timer-trouble.json')) && performance.now() - began < 10_000)
      await sleep(20);
    said = leftOpen(folder);
    writeFileSync(power, 'on');
    while (journal.open().length > 0 && performance.now() - began < 30_000) await sleep(50);
    assert.deepEqual(journal.open(), [], 'tried again');
  } finally {
    journal.setState(1, 'done');
  }
  assert.match(
    said ?? '',
    /cat .*power.*; the timer on this host has tried 1 times since \d{4}-.* no longer runs/,
  );
  assert.equal(leftOpen(folder), null);
  // Nobody holds the environment and nothing is open: it ends by itself, and so does its record.
  await following;
  assert.equal(existsSync(join(folder, 'host-timer-trouble.json')), false);
});

test('false verdict 24: a record says since when it has been so, not since when it was looked at last', () => {
  const { folder } = lost();
  writeTrouble(folder, 1);
  const since = /since (\S+)/.exec(leftOpen(folder) ?? '')?.[1] ?? '';
  writeTrouble(folder, 7);
  assert.match(leftOpen(folder) ?? '', new RegExp(`tried 7 times since ${since} `));
  clearTrouble(folder);
  assert.doesNotMatch(leftOpen(folder) ?? '', /tried/);
});

test('says that the undo Job undoes what went through the API server, and that this journal does not show it', () => {
  const journal = new Journal(tempFolder());
  const pod = { kind: 'kube-end', path: '/api/v1/namespaces/d/pods/p', marker: 'm' } as const;
  record(journal, 'privileged pod', pod);
  assert.match(leftOpen(journal.folder) ?? '', /no timer on this host undoes it/);
  writeFileSync(join(journal.folder, CLUSTER_TIMER_FILE), '{}');
  assert.match(
    leftOpen(journal.folder) ?? '',
    /1 not undone: privileged pod .*; the undo Job in the cluster undoes it within a minute .* does not show whether it has$/,
  );
  // Values of Secrets are not in the mirror: the Job does not know them.
  record(journal, 'secret', { ...pod, path: '/api/v1/namespaces/d/secrets/s' });
  assert.match(leftOpen(journal.folder) ?? '', /no timer on this host undoes it/);
});
