/** A process that holds the environment and, on a line of its standard input, tries to change something. For safety.itest.ts. */
import { once } from 'node:events';
import { kubeCallFrom, openSafety, RefusedError } from '../../../runner/provider-safety.ts';

const [, , kubeconfig = '', clusterUid = ''] = process.argv;
const { call, close } = kubeCallFrom(kubeconfig);
const safety = await openSafety({
  environment: 'local-small',
  embedded: 'local-small',
  clusterUid,
  kube: call,
  kubeconfig,
  undoImage: { deployment: { namespace: 'tender', name: 'tender-api' } },
  runId: 'safety-holder',
  restoreDeadlineMs: 600_000,
  notice: () => undefined,
});
process.stdout.write('holding\n');
await once(process.stdin, 'data');
const worker = { apiVersion: 'v1', kind: 'Node', name: 'worker-1' };
try {
  await safety.patch('safety', worker, { metadata: { annotations: { 'plumbline.dev/paused': 'acted' } } });
  process.stdout.write('acted\n');
} catch (error) {
  process.stdout.write(
    error instanceof RefusedError ? `refused: ${error.reason}\n` : `failed: ${String(error)}\n`,
  );
}
await safety.close();
close();
process.exit();
