import { staticPodRemoval, startStaticPod, stopStaticPod } from '../../env/local/cluster/index.ts';
import { nodeSpec } from '../../env/local/nodes/index.ts';
import { embeddedOf } from '../environment-parts.ts';
import { RequestError, type Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

/** What is done to nodes: only where this machine is the environment. */
export function nodeMethods(engine: ServedEngine): Pick<Handlers, 'node.apiServer'> {
  return {
    'node.apiServer': async ({ check, node, action }) => {
      const instance = embeddedOf(engine.book.environment);
      if (instance === undefined)
        throw new RequestError('API servers can be stopped in the embedded environment only', 'refused');
      const removal = staticPodRemoval(nodeSpec(instance, node), 'kube-apiserver');
      if (action === 'start') {
        await startStaticPod(removal);
        return null;
      }
      await engine.parts.safety.perform({
        check,
        title: `API server of ${node} stopped`,
        access: 'fault',
        inverses: [{ kind: 'static-pod', ...removal }],
        controlPlane: true,
        act: async () => {
          await stopStaticPod(nodeSpec(instance, node), 'kube-apiserver');
        },
      });
      return null;
    },
  };
}
