import type { LlmBehaviour, StoreName } from '../../env/schema.ts';
import type { InstanceName } from '../../host/paths.ts';
import type { Environment } from '../../env/schema.ts';
import type { CheckSettings } from '../catalogue/check-settings.ts';
import type { ObjectOf } from '../../probes/kubernetes/objects.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import type { KubeObject, ListParams, ObjectRef } from './protocol.ts';

/**
 * A deliberate break and the verdict that it must cause. A control never restores by itself: whatever it changes goes
 * through the context, which records the exact rollback in the journal before it acts.
 */
export interface Control {
  /** Unique; by habit the check's id, a slash and what is broken: `topology/nodes/pools/cordoned`. */
  id: string;
  /** The one check that is run while the break is in force. */
  check: string;
  verdict: 'fail' | 'inconclusive';
  /** Smallest local size that can hold it; `any` runs on both. */
  size: 'small' | 'full' | 'any';
  /** Components (`--with`) that it breaks, beside those that its check needs. */
  requires?: readonly string[];
  /** What is broken, in a few words. */
  title: string;
  /** Must match the judgement's reason, seen or findings: a failure for another reason does not count as caught. */
  seen?: RegExp;
  settings?: ControlOverrides;
  /** Breaks it and returns when the break is in force. @throws NotApplicable where there is nothing to break */
  break(ctx: ControlContext): Promise<void>;
  /**
   * Called with the judgement, before anything is restored: checks its figures against a reading of its own. Returns null
   * when they are right, else what is wrong: then the control was not caught.
   */
  verify?(ctx: ControlContext, judgement: Judgement): Promise<string | null>;
}

/** A control in the file of its check: the key is the last part of its id; the check must fail, on any size. */
export interface KeyedControl
  extends
    Omit<Control, 'id' | 'check' | 'verdict' | 'size' | 'break'>,
    Partial<Pick<Control, 'verdict' | 'size'>> {
  /** `patch`: what is patched, and with what. Left out: its settings alone break it. */
  break?: Control['break'] | { patch: Parameters<ControlContext['patch']> };
}

/** The controls of a check. */
export function controlsFor(check: string, byKey: Record<string, KeyedControl>): Control[] {
  return Object.entries(byKey).map(([key, { break: given, ...rest }]) => ({
    id: `${check}/${key}`,
    check,
    verdict: 'fail',
    size: 'any',
    ...rest,
    break: async (ctx) => {
      if (typeof given === 'function') await given(ctx);
      else if (given !== undefined) await ctx.patch(...given.patch);
    },
  }));
}

/**
 * Thrown by a control that has nothing to break here, before it changes anything: the environment does not declare it, or it is not built so
 * that the control could break it. The control is then skipped, with the message as the reason.
 */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Merged over what the environment file says, for this one run of the check. */
export interface ControlOverrides {
  goals?: Goals;
  settings?: Partial<CheckSettings>;
  trials?: number;
}

/** A change outside the cluster's API, with a rollback that the journal can run. */
export interface ActionWithRollback {
  /** For people: what is done, to what. */
  title: string;
  /** The entry of the journal: a kind that `runner/safety` can undo and its data. */
  rollback: ControlRollback;
  act(): Promise<void>;
}

export interface ControlContext {
  /** The instance of the embedded environment, such as `local-small`. */
  instance: InstanceName;
  size: 'small' | 'full';
  kubeconfig: string;
  /** The environment as loaded. */
  environment: Environment;
  signal: AbortSignal;
  /** A declared store, with the account of the canaries. @throws Error where the environment does not declare it */
  store(name: StoreName): Promise<StoreTarget>;
  get<V extends string, K extends string>(ref: ObjectRef<V, K>): Promise<ObjectOf<`${V}/${K}`> | null>;
  list<K extends string>(params: ListParams<K>): Promise<ObjectOf<K>[]>;
  /** Merge patch (RFC 7386). Rollback: the object as it was before, put back field by field. */
  patch(ref: ObjectRef, patch: Record<string, unknown>): Promise<void>;
  /** Replaces what is there or creates. Rollback: the object as it was, or deletion. */
  apply(objects: KubeObject[]): Promise<void>;
  /** Deletes without grace. Rollback: the object again, without what the server had added. */
  delete(ref: ObjectRef): Promise<void>;
  exec(
    pod: { namespace: string; pod: string; container: string },
    command: string[],
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** For changes without a method of their own: records the rollback, arms its timer, then runs `act`. */
  actWithRollback(action: ActionWithRollback): Promise<void>;
  /** Waits until `probe` returns something other than null; polls every `everyMs` (default 250). Throws with what was last seen. */
  until<T>(
    what: string,
    probe: () => Promise<T | null>,
    options: { timeoutMs: number; everyMs?: number },
  ): Promise<T>;
  log(message: string): void;
}

/** Rollback of a change outside the cluster's API. */
export type ControlRollback =
  /** The manifest of a static pod goes back from `to`, where it was moved aside, to `from`, where kubelet reads it. */
  | { kind: 'static-pod'; from: string; to: string }
  /** Words after `ip -n NETNS route replace`. */
  | { kind: 'route'; netns: string; route: string[] }
  /** The API servers behind the load balancer. */
  | { kind: 'api-servers'; instance: InstanceName; before: { name: string; address: string }[] }
  /** Returns the stand-in for a language model to its behaviour at rest. */
  | { kind: 'stand-in'; url: string; rest: LlmBehaviour; embedded?: boolean };
