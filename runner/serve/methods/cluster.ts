import { skipsVerification } from '../../../probes/kubernetes/index.ts';
import type { Handlers } from '../handlers.ts';
import type { KubeObject, ListParams } from '../../../suites/harness/protocol.ts';
import type { ServedRunner } from '../served.ts';

type Methods = Pick<
  Handlers,
  | 'cluster.list'
  | 'cluster.wait'
  | 'cluster.apply'
  | 'cluster.delete'
  | 'cluster.logs'
  | 'cluster.exec'
  | 'cluster.raw'
  | 'cluster.authority'
>;

/** How long the cache may take to show what was just written. */
const SEEN_WITHIN_MS = 5_000;

/** Reads come from the cache; writes go through the journal first. */
export function clusterMethods(runner: ServedRunner): Methods {
  const { cluster, safety } = runner.parts;
  return {
    'cluster.list': (params) => cluster.list(params),
    'cluster.wait': (params, call) => cluster.wait(params, call.signal),
    'cluster.apply': async ({ check, objects }, call) => {
      await safety.apply(check, objects, { access: 'canary', signal: call.signal });
      for (const object of objects) await seen(object, call.signal);
      return null;
    },
    'cluster.delete': async ({ check, objects, graceSeconds }) => {
      await safety.remove(check, objects, { access: 'canary', graceSeconds });
      for (const ref of objects) await cluster.cache.seeDeletion(ref);
      return null;
    },
    'cluster.logs': (params, call) => cluster.logs(params, call.signal),
    'cluster.exec': (params, call) => cluster.exec(params, call.signal),
    'cluster.authority': () =>
      Promise.resolve({
        pem: cluster.authority(),
        skipsVerification: skipsVerification(cluster.client.transport.config),
      }),
    'cluster.raw': ({ path }, call) => cluster.raw(path, call.signal),
  };

  /** A check that lists what it has just applied must find it. */
  async function seen(object: KubeObject, signal: AbortSignal): Promise<void> {
    const query: ListParams = { kind: `${object.apiVersion}/${object.kind}` };
    if (object.metadata.namespace !== undefined) query.namespace = object.metadata.namespace;
    await cluster.wait(
      { ...query, names: [object.metadata.name], until: 'exists', count: 1, timeoutMs: SEEN_WITHIN_MS },
      signal,
    );
  }
}
