import { staticPodRemoval, startStaticPod, stopStaticPod } from '../../../env/local/cluster/index.ts';
import { nodeBinDir, nodeSpec, nodeStatus, startNode, stopNode } from '../../../env/local/nodes/index.ts';
import type { InstanceName } from '../../../env/local/nodes/index.ts';
import { monoMs } from '../../../host/clock.ts';
import type { Params, Result } from '../../../suites/harness/protocol.ts';
import { embeddedOf, sizeOf } from '../../plan/environment-parts.ts';
import { awaitHeartbeat, heartbeatsOf, podsOn, restartsNow } from '../../ask/nodes-back.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import type { Call, Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

/** Actions on nodes, in embedded environments only. */
export function nodeMethods(runner: ServedRunner): Pick<Handlers, 'node.apiServer' | 'node.restart'> {
  return {
    'node.restart': (params, call) => {
      const instance = embeddedOf(runner.runState.environment);
      if (instance === undefined)
        throw new RequestError('nodes can be restarted in the embedded environment only', 'refused');
      return restart(runner, instance, params, call);
    },
    'node.apiServer': async ({ check, node, action }) => {
      const instance = embeddedOf(runner.runState.environment);
      if (instance === undefined)
        throw new RequestError('API servers can be stopped in the embedded environment only', 'refused');
      const removal = staticPodRemoval(nodeSpec(instance, node), 'kube-apiserver');
      if (action === 'start') {
        await startStaticPod(removal);
        return null;
      }
      await runner.parts.safety.perform({
        check,
        title: `API server of ${node} stopped`,
        access: 'fault',
        rollbacks: [{ kind: 'static-pod', ...removal }],
        controlPlane: true,
        act: async () => {
          await stopStaticPod(nodeSpec(instance, node), 'kube-apiserver');
        },
      });
      return null;
    },
  };
}

/** As a power cut does: every process of the node is killed, and it starts again with its disk as it was. */
async function restart(
  runner: ServedRunner,
  instance: InstanceName,
  { check, node }: Params<'node.restart'>,
  { signal }: Call,
): Promise<Result<'node.restart'>> {
  const spec = nodeSpec(instance, node);
  const { pid1 } = nodeStatus(spec);
  if (pid1 === null) throw new RequestError(`the node ${node} is not running`, 'refused');
  const how = { binDir: nodeBinDir(pid1), size: sizeOf(runner.runState.environment) ?? 'small' } as const;
  const before = { from: new Date(), restarts: await restartsNow(runner) };
  runner.drills.begin(check, await podsOn(runner, [node]), before);
  await runner.parts.safety.perform({
    check,
    title: `node ${node} killed, to be started again`,
    access: 'fault',
    rollbacks: [{ kind: 'node-start', instance, node, ...how }],
    act: async () => {
      await stopNode(spec);
    },
  });
  // The node is dead, so this is its last heartbeat; a different one proves it is back. If it cannot be read, the node is started all the
  // same.
  const beats = await heartbeatsOf(runner, [node]).catch(() => new Map<string, string>());
  await startNode(spec, { ...how, signal });
  const startedMs = monoMs();
  const missing = await awaitHeartbeat(runner, { node, beats }, signal);
  return { startedMs, readyMs: missing === null ? monoMs() : null, detail: missing ?? `${node} is Ready` };
}
