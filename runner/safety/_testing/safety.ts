import { after, mock } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { openSafety } from '../index.ts';
import type { Safety, SafetyOptions } from '../index.ts';
import { RefusedError } from '../errors.ts';
import { UndoJob } from '../timers/undo-job.ts';
import { UNDOES_IN } from '../timers/undo-account.ts';
import type { TestApi } from './api.ts';

const opened: Safety[] = [];
after(async () => {
  for (const safety of opened) await safety.close();
});
// After that hook, so that nothing is open any more when the folder is removed.
process.env['XDG_STATE_HOME'] = tempFolder();

// The owners of these clusters let the undo Job undo everything, Nodes too: an account that may undo in no namespace stands for it, here alone, since
// unit tests share a process. What the Job refuses is tested beside it.
const arm: UndoJob['arm'] = Reflect.get(UndoJob.prototype, 'arm');
mock.method(
  UndoJob.prototype,
  'arm',
  async function (this: UndoJob, ...[rollbacks, signal]: Parameters<UndoJob['arm']>) {
    try {
      await Reflect.apply(arm, this, [rollbacks, signal]);
    } catch (error) {
      if (!(error instanceof RefusedError && error.message.includes('undo in no namespace'))) throw error;
      await Reflect.apply(arm, this, [[], signal]);
    }
  },
);

let names = 0;
/** For unit tests only: options for opening a fresh environment. */
export function safetyOptions(api: TestApi, environment = `env-${++names}`): SafetyOptions {
  return {
    environment,
    clusterUid: 'cluster',
    kube: readyJobs(api),
    runId: 'run-1',
    undoImage: 'image-with-node',
    restoreDeadlineMs: 60_000,
    notice: () => undefined,
  };
}

/** Jobs have an account, and are up at once. */
function readyJobs(api: TestApi): SafetyOptions['kube'] {
  return async (request) => {
    const reply = await api.call(request);
    if (request.method !== 'GET') return reply;
    if (request.path.includes('/jobs/')) return { status: 200, body: { status: { ready: 1 } } };
    return request.path.includes('/serviceaccounts/')
      ? { status: 200, body: { metadata: { annotations: { [UNDOES_IN]: '' } } } }
      : reply;
  };
}

/** For unit tests only: closed at their end. */
export async function openForTest(given: SafetyOptions): Promise<Safety> {
  const safety = await openSafety(given);
  opened.push(safety);
  return safety;
}

export const NODE = '/api/v1/nodes/worker-1';
export const nodeRef = { apiVersion: 'v1', kind: 'Node', name: 'worker-1' };
