import type { TimeoutName } from '../../env/schema.ts';
import type { CheckSettings } from '../catalogue/check-settings.ts';
import { ofKind } from '../../probes/kubernetes/objects.ts';
import type { ObjectOf } from '../../probes/kubernetes/objects.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { Kind } from '../../reports/record/observations/index.ts';
import type { Observations, RecordedFields } from './observations.ts';
import type {
  KubeObject,
  ListParams,
  ListResult,
  Method,
  ObjectRef,
  Params,
  Result,
  WaitParams,
} from './protocol.ts';

/** Objects of the cluster, from the runner's cache. */
export interface ClusterAccess {
  list<K extends string>(params: ListParams<K>): Promise<ListResult<K>>;
  /** The objects, or null after `unavailable` was recorded: the judge then says `inconclusive`. */
  items<K extends string>(params: ListParams<K>): Promise<ObjectOf<K>[] | null>;
  wait<K extends string>(params: WaitParams<K>): Promise<ListResult<K>>;
  apply(objects: KubeObject[]): Promise<void>;
  /** Without grace, unless some is given. */
  remove(objects: ObjectRef[], how?: { graceSeconds: number }): Promise<void>;
  logs(params: Params<'cluster.logs'>): Promise<string>;
  exec(params: Params<'cluster.exec'>): Promise<Result<'cluster.exec'>>;
  raw(path: string): Promise<Result<'cluster.raw'>>;
}

/** What the body of a check works with. It observes and records; it never decides. */
export interface CheckContext {
  id: string;
  /** From 1. The body runs once a trial, each with a history of its own. */
  trial: number;
  trials: number;
  goals: Readonly<Goals>;
  settings: Readonly<CheckSettings>;
  /** Aborted when the check's time is up, the run is interrupted, or the check has ended. */
  signal: AbortSignal;
  /** A named time-out of the environment. */
  timeoutMs(name: TimeoutName): number;
  /** What the runner does for the check. Once `signal` is aborted it does nothing more. @throws RequestError */
  runner: { call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> };
  cluster: ClusterAccess;
  /** Appends `{kind, t: now, …fields}` to this trial's `check.ndjson`. */
  record<K extends Kind>(kind: K, ...fields: RecordedFields<K>): void;
  /** A source did not answer: recorded, so that the judge can say so. */
  unavailable(what: string, reason: string): void;
  /**
   * Observes for every check of the run that asks for the same: the first of them runs the body, and the others are given the lines that it recorded. It
   * comes before anything else is recorded, and depends on nothing that differs between these checks, such as their goals.
   */
  once(observation: string, body: () => Promise<void>): Promise<void>;
  /** A narrated step: shown while it runs, timed, kept in the run record. */
  step<T>(title: string, body: () => Promise<T> | T): Promise<T>;
}

/** What a check does: it observes and records, once a trial. */
export type CheckBody = (ctx: CheckContext) => Promise<void>;

export interface ContextParts {
  id: string;
  trial: number;
  trials: number;
  goals: Goals;
  settings: CheckSettings;
  signal: AbortSignal;
  call: CheckContext['runner']['call'];
  observations: Observations;
  once: CheckContext['once'];
  step: CheckContext['step'];
}

export function createContext(parts: ContextParts): CheckContext {
  const { id, observations, settings } = parts;
  const runner = { call: parts.call };
  const unavailable = (what: string, reason: string) => observations.append('unavailable', { what, reason });
  return {
    id,
    trial: parts.trial,
    trials: parts.trials,
    goals: parts.goals,
    settings,
    signal: parts.signal,
    timeoutMs: (name) => settings.timeouts[name],
    runner,
    cluster: clusterAccess(id, runner, unavailable),
    record: (kind, ...fields) => observations.append(kind, ...fields),
    unavailable,
    once: parts.once,
    step: parts.step,
  };
}

function clusterAccess(
  check: string,
  runner: CheckContext['runner'],
  unavailable: CheckContext['unavailable'],
): ClusterAccess {
  const list: ClusterAccess['list'] = async (params) =>
    ofKind(params.kind, await runner.call('cluster.list', params));
  return {
    list,
    items: async (params) => {
      const listed = await list(params);
      if (listed.unavailable === undefined) return listed.items;
      unavailable(params.kind, listed.unavailable);
      return null;
    },
    wait: async (params) => ofKind(params.kind, await runner.call('cluster.wait', params)),
    apply: async (objects) => {
      await runner.call('cluster.apply', { check, objects });
    },
    remove: async (objects, how) => {
      await runner.call('cluster.delete', { check, objects, ...how });
    },
    logs: (params) => runner.call('cluster.logs', params),
    exec: (params) => runner.call('cluster.exec', params),
    raw: (path) => runner.call('cluster.raw', { path }),
  };
}
