import type { InstanceName } from '../../host/paths.ts';
import type { Environment } from '../../env/schema.ts';
import type { Control, ControlContext } from '../../suites/harness/control.ts';
import type { KubeObject, ObjectRef } from '../../suites/harness/protocol.ts';
import { waitFor } from '../../host/wait.ts';
import type { CheckRunner } from '../serve/check-runner.ts';

const EXEC_TIMEOUT_MS = 30_000;
const UNTIL_EVERY_MS = 250;
const SEEN_WITHIN_MS = 5_000;

export interface ControlSurroundings {
  runner: CheckRunner;
  environment: Environment;
  instance: InstanceName;
  size: 'small' | 'full';
  kubeconfig: string;
  /** Aborted when the control is over. */
  signal: AbortSignal;
  log(message: string): void;
}

/** What a negative control may use to break something. Every change goes through the rollback journal under the control's own id. */
export function controlContext(control: Control, around: ControlSurroundings): ControlContext {
  const { runner, environment, instance, size, kubeconfig, signal } = around;
  const { cluster, safety } = runner.parts;
  const access = { access: 'control' } as const;
  return {
    instance,
    size,
    kubeconfig,
    environment,
    signal,
    log: (message) => around.log(message),
    store: (name) => runner.stores.target(name),
    get: (ref) => cluster.get(ref, signal),
    list: async (params) => {
      const listed = await cluster.list(params);
      if (listed.unavailable !== undefined) throw new Error(`${params.kind}: ${listed.unavailable}`);
      return listed.items;
    },
    patch: async (ref, patch) => {
      await cluster.cache.see(await safety.patch(control.id, ref, patch, access));
    },
    apply: async (objects) => {
      await safety.apply(control.id, objects, { ...access, signal });
      for (const object of objects) await seen(object);
    },
    delete: async (ref) => {
      await safety.remove(control.id, [ref], access);
      await cluster.cache.seeDeletion(ref);
    },
    exec: (pod, command) => cluster.exec({ ...pod, command, timeoutMs: EXEC_TIMEOUT_MS }, signal),
    actWithRollback: ({ title, rollback, ...action }) =>
      safety.perform({
        check: control.id,
        title,
        ...access,
        rollbacks: [rollback],
        act: () => action.act(),
        controlPlane: true,
      }),
    until: (what, probe, { timeoutMs, everyMs = UNTIL_EVERY_MS }) =>
      waitFor(probe, { what, deadlineMs: timeoutMs, intervalMs: everyMs, patience: 'exact', signal }),
  };

  /** The check that runs next must find in the cache what was just written. */
  async function seen(object: KubeObject): Promise<void> {
    const { name, namespace } = object.metadata;
    const ref: ObjectRef = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(namespace !== undefined && { namespace }),
    };
    const live = await cluster.get(ref, signal);
    if (live) await cluster.cache.see(live);
    await cluster.wait(
      {
        kind: `${ref.apiVersion}/${ref.kind}`,
        ...(namespace !== undefined && { namespace }),
        names: [name],
        until: 'exists',
        count: 1,
        timeoutMs: SEEN_WITHIN_MS,
      },
      signal,
    );
  }
}
