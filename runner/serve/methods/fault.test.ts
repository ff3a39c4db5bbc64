import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { openCluster } from '../../../probes/kubernetes/index.ts';
import { closed, kubeconfigText, listening } from '../../../probes/kubernetes/_testing/listening.ts';
import { RefusedError } from '../../provider-safety.ts';
import { NOT_PERMITTED } from '../../../suites/harness/request-error.ts';
import type { ServedRunner } from '../served.ts';
import { faultMethods } from './fault.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-fault-'));
after(() => rmSync(folder, { recursive: true }));
const environment = await loadEnvironment('staging');
const deployment = environment.topology.edge?.backend?.deployment;
const check = 'failover/backend/pod-delete';

const pod = {
  metadata: {
    namespace: deployment?.namespace,
    name: 'api-1',
    uid: 'u',
    labels: { 'pod-template-hash': '5d8' },
    ownerReferences: [{ kind: 'ReplicaSet', name: `${deployment?.name ?? ''}-5d8`, controller: true }],
  },
  spec: { nodeName: 'a', containers: [{ name: 'api' }] },
  status: { phase: 'Running' },
};

/** An API server that knows this pod alone. */
const api = await listening();
api.server.on('request', (_request, response: ServerResponse) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(pod));
});
after(() => closed(api));

/** As much of a runner as injects a fault into the backend of somebody else's cluster, where `perform` ends as given. */
function runnerWhose(perform: () => Promise<void>, trial: string): ServedRunner {
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfigText(api));
  const { signal } = new AbortController();
  const cluster = openCluster({ kubeconfig: file, signal });
  after(() => cluster.close());
  mkdirSync(trial);
  return {
    runState: { environment, trialFolder: () => trial, redact: (text: string) => text },
    parts: {
      cluster: Object.assign(cluster, { list: () => Promise.resolve({ items: [pod] }) }),
      safety: { perform, pending: () => [] },
    },
    drills: { begin: () => undefined },
    clientLoads: { calm: () => Promise.resolve(null) },
  } as unknown as ServedRunner;
}

const inject = (runner: ServedRunner) =>
  faultMethods(runner)['fault.inject'](
    { check, trial: 1, store: 'backend', fault: 'pod-delete', target: 'random' },
    { check, signal: new AbortController().signal },
  );

test('should hand on what keeps a fault from being injected, with the word by which a permit ends a series', async () => {
  for (const reason of [NOT_PERMITTED, 'kill-switch'] as const) {
    const refused = new RefusedError(reason, `pod-delete of shop/api-1 (${check}): no`);
    const trial = join(folder, reason);
    await assert.rejects(
      inject(runnerWhose(() => Promise.reject(refused), trial)),
      (error) => error === refused && refused.reason === reason,
    );
    const lines = readFileSync(join(trial, 'faults.ndjson'), 'utf8');
    assert.doesNotMatch(lines, /"fault-(?:acted|landed)"/);
  }
});
