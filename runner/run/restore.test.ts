import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { BlockedError } from '../../env/providers/provider.ts';
import type { Environment } from '../../env/schema.ts';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { bootId, identify } from '../../host/process-identity.ts';
import { kubeconfigText } from '../../probes/kubernetes/_testing/listening.ts';
import { HeldError, safetyFolder } from '../provider-safety.ts';
import { Journal } from '../safety/journal/journal.ts';
import { holderSelf } from '../safety/lease/place.ts';
import { HolderRecord } from '../safety/lease/processes.ts';
import type { Rollback } from '../safety/types.ts';
import { Progress } from './progress.ts';
import { restoreIn } from './restore.ts';

const PIN = { kubeSystemUid: '00000000-0000-4000-8000-000000000000' };
const staging = await loadEnvironment('staging');

/** An environment of which nothing can be asked: nobody listens where its API server should be. */
function away(folder: string): Environment {
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfigText({ url: 'https://127.0.0.1:1', ca: '' }));
  return { ...staging, cluster: { kubeconfig: { file }, pin: PIN } };
}

function left(journal: Journal, title: string, rollback: Rollback): void {
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

test('should switch a node on though the API server is away, which may be why, and say what is left', async (context) => {
  const folder = emptyFolderIn(context, 'XDG_STATE_HOME');
  const environment = away(folder);
  const state = join(folder, 'power');
  writeFileSync(state, 'w-1: off');
  const journal = new Journal(safetyFolder(environment.name, undefined));
  const on = ['sh', '-c', `echo 'w-1: up' >${state}`];
  const commands = { on, state: ['cat', state], isOn: 'up', isOff: 'off', timeoutMs: 10_000 };
  left(journal, 'privileged pod', { kind: 'kube-end', path: '/api/v1/namespaces/d/pods/p', marker: 'm' });
  left(journal, 'power of w-1', { kind: 'node-power', node: 'w-1', commands });
  const said: string[] = [];
  const progress = new Progress({ write: (text) => said.push(text) });
  const { signal } = new AbortController();
  await assert.rejects(restoreIn(environment, progress, signal), (error) => {
    assert.ok(error instanceof BlockedError);
    assert.match(error.message, /ECONNREFUSED.*Without the API server 1 of 1 actions were undone/s);
    assert.match(error.message, /`plumbline restore --env staging` again/);
    return true;
  });
  progress.close();
  assert.equal(readFileSync(state, 'utf8'), 'w-1: up\n');
  assert.match(said.join(''), /✓ undone: power of w-1/);
  assert.deepEqual(
    journal.open().map(({ title }) => title),
    ['privileged pod'],
  );
});

test('should touch no node while a process of this machine holds the environment', async (context) => {
  const environment = away(emptyFolderIn(context, 'XDG_STATE_HOME'));
  const journal = new Journal(safetyFolder(environment.name, undefined));
  const commands = { on: ['false'], state: ['false'], isOn: 'up', isOff: 'off', timeoutMs: 10_000 };
  left(journal, 'power of w-1', { kind: 'node-power', node: 'w-1', commands });
  // The parent of this process stands for a run that is alive.
  const parent = identify(process.ppid);
  assert.ok(parent);
  new HolderRecord(journal.folder).add({ ...holderSelf(), ...parent });
  const progress = new Progress({ write: () => undefined });
  await assert.rejects(restoreIn(environment, progress, new AbortController().signal), HeldError);
  progress.close();
  assert.equal(journal.open()[0]?.state, 'pending');
});
