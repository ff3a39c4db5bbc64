import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import type { Environment } from '../../env/schema.ts';
import { leftBroken } from './leftovers.ts';
import { Journal } from '../safety/journal/journal.ts';
import { safetyFolder } from '../provider-safety.ts';

test('what is left broken is said together with what to type, and nothing is done about it', (context) => {
  emptyFolderIn(context, 'XDG_STATE_HOME');
  const environment = {
    name: 'rack',
    envOption: 'ops/rack.yaml',
    cluster: { kubeconfig: { env: 'K' } },
  } as unknown as Environment;
  const journal = new Journal(safetyFolder('rack', undefined));
  assert.equal(leftBroken(environment), null);
  journal.record({
    id: 'i',
    check: 'c',
    title: 'file changed',
    access: 'control',
    clusterUid: 'u',
    runId: 'r',
    holder: { pid: 1, startTime: '1' },
    bootId: 'b',
    dueMs: 0,
    dueAfterMs: 0,
    at: '2026-01-01T00:00:00Z',
    rollback: { kind: 'file', path: '/none', before: null, afterSha256: null },
  });
  assert.match(
    leftBroken(environment) ?? '',
    /^LEFT BROKEN .*: file changed \(c\); .*; `plumbline restore --env ops\/rack\.yaml` undoes it at once$/,
  );
  assert.equal(journal.open().length, 1);
});
