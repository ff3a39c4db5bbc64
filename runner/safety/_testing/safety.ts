import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openSafety } from '../index.ts';
import type { Safety, SafetyOptions } from '../index.ts';
import type { TestApi } from './api.ts';

process.env['XDG_STATE_HOME'] = mkdtempSync(join(tmpdir(), 'safety-'));
const opened: Safety[] = [];
after(async () => {
  for (const safety of opened) await safety.close();
});

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

/** Jobs are up at once. */
function readyJobs(api: TestApi): SafetyOptions['kube'] {
  return async (request) => {
    const reply = await api.call(request);
    const isJob = request.method === 'GET' && request.path.includes('/jobs/');
    return isJob ? { status: 200, body: { status: { ready: 1 } } } : reply;
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
