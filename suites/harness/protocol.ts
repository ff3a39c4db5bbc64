import type { LlmBehaviour } from '../../env/schema.ts';
import type { FaultResult } from '../../faults/_common/fault.ts';

export type { FaultResult } from '../../faults/_common/fault.ts';
import type { EdgeAnswer } from '../../probes/edge/edge-request.ts';
import type { Utilisation } from '../../probes/gpu/index.ts';
import type {
  KubeObject,
  ObjectRef,
  Query as ListParams,
  QueryResult as ListResult,
  WaitQuery as WaitParams,
} from '../../probes/kubernetes/types.ts';
import type {
  QueryAnswer,
  ServerFacts,
  Steadiness,
  StoreDescription,
} from '../../probes/store/store-driver.ts';

export type {
  KubeObject,
  ListParams,
  ListResult,
  ObjectRef,
  QueryAnswer,
  ServerFacts,
  StoreDescription,
  WaitParams,
};

/** What the runner does for a check. Everything that must survive a check's body (faults, client loads, the cluster cache, the journal) lives behind these methods. */
export interface RunnerMethods {
  /** Objects of a kind from the runner's cache (one list per kind and run, then a watch). */
  'cluster.list': { params: ListParams; result: ListResult };
  /** Waits in the cache until `count` objects match; see `WaitParams`. */
  'cluster.wait': { params: WaitParams; result: ListResult };
  /** Creates objects that Plumbline owns, or merges into them; the rollback (delete) goes into the journal first. */
  'cluster.apply': { params: { check: string; objects: KubeObject[] }; result: null };
  /** Deletes without grace, unless one is given: then an object may exist for that long after the answer. */
  'cluster.delete': { params: { check: string; objects: ObjectRef[]; graceSeconds?: number }; result: null };
  'cluster.logs': {
    params: { namespace: string; pod: string; container?: string; tailLines?: number; previous?: boolean };
    result: string;
  };
  'cluster.exec': {
    params: { namespace: string; pod: string; container: string; command: string[]; timeoutMs: number };
    result: { code: number; stdout: string; stderr: string };
  };
  /** The kubeconfig's certificate authority as PEM; null: it names none, so the system's apply, or none where it does not verify the API server. */
  'cluster.authority': {
    params: Record<string, never>;
    result: { pem: string | null; skipsVerification: boolean };
  };
  /** GET of a raw API path such as `/version`, `/readyz?verbose`. */
  'cluster.raw': { params: { path: string }; result: { status: number; body: string } };
  /**
   * Starts the store's client load as a child of the runner; it writes `client-load.ndjson` into the check's history. So does one more for each
   * further path of clients that the store declares, in the folder `path-NAME` there.
   */
  'clientLoad.start': { params: { check: string; store: string; trial: number }; result: null };
  /** Stops it gracefully and waits for outstanding operations. */
  'clientLoad.stop': { params: { check: string }; result: null };
  /**
   * Waits in the progress of every client load of the check: for `count` acknowledged writes, or for a stretch of `stretchMs` without a failure.
   * `failed`: what the main load did not get acknowledged since it began, whether refused, unanswered or not sent.
   */
  'clientLoad.wait': {
    params: ClientLoadWait;
    result: { met: boolean; acknowledged: number; failed: number; detail: string };
  };
  /** After healing: reads everything back from the leader twice, then from every member, into `readback.ndjson`. */
  'clientLoad.readBack': { params: { check: string; store: string; trial: number }; result: null };
  /**
   * Sends the request of the application that changes nothing, with the credentials of the environment. `unavailable`: why it could not be
   * sent; `failed`: why there was no answer.
   */
  'application.look': {
    params: { check: string; correlationId: string };
    result: { answer: EdgeAnswer } | { failed: string } | { unavailable: string };
  };
  /** Asks the AI service for a draft through the edge. Of the text only whether there is one leaves the runner. */
  'application.draft': {
    params: { check: string; correlationId: string; n: number; timeoutMs: number };
    result: DraftAnswer | { unavailable: string };
  };
  /**
   * Starts a scenario of load/scenarios through the edge, as a child of the runner; it writes `load.ndjson` into the check's history. The
   * target and the correlation id come from the environment, `variables` are the scenario's own.
   */
  'load.start': {
    params: {
      check: string;
      trial: number;
      scenario: string;
      variables: Record<string, string | number>;
    };
    result: null;
  };
  /** Ends it gracefully and waits for its result; `stopped` is false when there was none. */
  'load.stop': { params: { check: string }; result: { stopped: boolean } };
  /** Waits until it is over by itself. */
  'load.ended': { params: { check: string; timeoutMs: number }; result: { ended: boolean } };
  /**
   * Queries the environment's Prometheus for the series of every objective over its window, into `metrics.ndjson`. `unavailable`: no
   * Prometheus is declared, or it did not answer.
   */
  'metrics.record': { params: { check: string; trial: number }; result: { unavailable?: string } };
  /**
   * Sends canary requests through the edge at a fixed rate; follows these requests and numbered lines to the stores of logs and traces,
   * into `telemetry.ndjson`. One at a time for each check.
   */
  'telemetry.start': { params: TelemetryOrder; result: null };
  /** Waits until every request was sent and answered, or given up. */
  'telemetry.sent': { params: { check: string }; result: null };
  /** How many requests were answered, or given up, so far, and how many of them not well. */
  'telemetry.answers': { params: { check: string }; result: { ended: number; failed: number } };
  /** Waits until everything has arrived or is past its time. `lastMs`: wall clock ms at which the last numbered line was written. */
  'telemetry.finish': { params: { check: string; lastMs: number }; result: null };
  'telemetry.stop': { params: { check: string }; result: null };
  /** Counts canary lines in the log files on the nodes' disks, as kubelet reads them, into `disk.ndjson`. */
  'telemetry.disk': {
    /** @param requests canary requests that were sent in this run */
    params: {
      check: string;
      trial: number;
      run: string;
      requests: number;
      pods: ClockedPod[];
      sinceMs: number;
    };
    result: null;
  };
  /** Looks in the store of logs for what pods wrote between two times (wall clock ms), into `recent.ndjson`. */
  'telemetry.recent': {
    params: {
      check: string;
      trial: number;
      pods: (ClockedPod & { workload: string })[];
      /** Beginning of the first search; older lines are searched for where there are none since. */
      sinceMs: number;
      untilMs: number;
    };
    result: null;
  };
  /**
   * Queries a source once and records the answer. `seen`: number of alerts with the labels; `silent`: why the source of alerts did not
   * answer.
   */
  'telemetry.ask': {
    params: {
      check: string;
      trial: number;
      about: 'targets' | 'series' | 'rules' | 'alerts' | 'dashboards' | 'queries';
      labels?: Record<string, string>;
      queries?: string[];
    };
    /**
     * `state`: of the alert, if there is one. `panels`: how many each dashboard shows at the least, by its uid. `lacking`: jobs with fewer targets than
     * they have at the least, or with one that is not up.
     */
    result: {
      seen: number;
      state?: string;
      silent?: string;
      panels?: Record<string, number>;
      lacking?: string[];
    };
  };
  /**
   * What a browser asks of the server of dashboards, asked with the declared account, which no worker and no browser has. null: none is
   * declared, and no authority either, so that a browser may ask by itself. Redirects within the server are followed.
   */
  'telemetry.page': {
    params: { check: string; url: string; method: string; headers: Record<string, string>; body?: string };
    /** `withheld`: a question to a data source that was not sent on, since it may be more than a read, or that was redirected elsewhere. */
    result: {
      status: number;
      url: string;
      headers: Record<string, string>;
      base64: string;
      withheld?: boolean;
    } | null;
  };
  /** Measures how far the clocks of nodes are ahead, each by a pod that runs there, into `clocks.ndjson`; those that could be read. */
  'clocks.nodes': {
    params: { check: string; trial: number; pods: ClockPod[] };
    result: { node: string; offsetMs: number; errorMs: number }[];
  };
  /** Injects a fault: records its rollback, acts, waits for the proof of landing; appends to `faults.ndjson`. */
  'fault.inject': {
    params: {
      check: string;
      fault: string;
      store: string;
      target: string;
      trial: number;
      /** What a partition cuts off besides the peers; what the environment says when left out. */
      also?: 'api'[];
    };
    result: FaultResult;
  };
  /** Rolls back every fault of the check that is still in force (a no-op for faults that heal themselves). */
  'fault.restore': { params: { check: string }; result: null };
  /** Starts/stops following the store's own view (leader, members, endpoints) into `phases.ndjson`. */
  'observer.start': { params: { check: string; store: string; trial: number }; result: null };
  /** `lookOn`: members that somebody else evicts are noted until it is stopped once more. */
  'observer.stop': { params: { check: string; lookOn?: true }; result: null };
  /** Settings that govern the store's failover, and its present members, as the store reports them. */
  'store.describe': { params: { store: string }; result: StoreDescription };
  /** Settings that each member's server reports; `clusterWide`: settings for durability that belong to no single server. */
  'store.servers': {
    params: { store: string };
    result: { servers: ServerFacts[]; clusterWide: boolean };
  };
  /**
   * Waits until the store has a leader and all members follow it, or says what it saw last. `refusedMs`: a store that refuses the login for so
   * long is waited for no longer; left out: it is waited for like any other.
   */
  'store.steady': {
    params: { check: string; store: string; timeoutMs: number; refusedMs?: number };
    result: Steadiness;
  };
  /** Appends the governing settings and the expected window to `governing.ndjson`. */
  'store.governing': {
    params: { check: string; store: string; fault: string; trial: number; target?: string; also?: 'api'[] };
    result: null;
  };
  /** Whether the server at this address refuses writes, as a read Service's must. */
  'store.refusesWrites': {
    params: { check: string; store: string; host: string; port: number; timeoutMs: number };
    result: { refused: boolean; detail: string };
  };
  /** What it says of that itself, without a write; null: such a store has no word for it. */
  'store.onlyReads': {
    params: { store: string; host: string; port: number; timeoutMs: number };
    result: { refused: boolean | null; detail: string };
  };
  /** Recreates the data for the store's queries; returns its leader and the expected answers. */
  'query.prepare': {
    params: { check: string; store: string; timeoutMs: number };
    result: { leader: string | null; expected: { question: string; answer: string[] }[] };
  };
  /** Sends every query repeatedly until all are answered; `answers` is null when time runs out first. */
  'query.ask': {
    params: { check: string; store: string; of: 'clients' | 'members'; timeoutMs: number };
    result: { answers: QueryAnswer[] | null; detail: string };
  };
  /** Removes the data of the store's queries, where it can. */
  'query.remove': { params: { check: string; store: string }; result: null };
  /** Notes roles of the stores and objects of the platform, to be compared with at the end of the trial. */
  'state.note': { params: { check: string; trial: number }; result: { unrest: string[] } };
  /** Waits until roles (as a multiset) and objects are as noted, and appends `as-before` with what differs still. */
  'state.compare': {
    params: { check: string; trial: number; timeoutMs: number };
    result: { same: boolean; detail: string };
  };
  /** Appends what the pods concerned logged, and the events about them, between two times (CLOCK_MONOTONIC ms) to `evidence.ndjson`. */
  'evidence.collect': {
    params: { check: string; trial: number; pods: PodSelection; fromMs: number; toMs: number };
    result: null;
  };
  /** Embedded environments only: stops one API server / starts it again, with undo in the journal. */
  'node.apiServer': { params: { check: string; node: string; action: 'stop' | 'start' }; result: null };
  /**
   * Embedded environments only: SIGKILL to every process of static pods of a control-plane node, which are kept from starting again
   * until `fault.restore`; appends to `faults.ndjson`.
   */
  'controlPlane.crash': {
    params: { check: string; trial: number; fault: string; node: string; pods: string[] };
    result: FaultResult;
  };
  /** Restarts a Deployment as `kubectl rollout restart` does; appends to `faults.ndjson`. */
  'deployment.restart': {
    params: { check: string; trial: number; subject: DeploymentName };
    result: FaultResult;
  };
  /** Waits until no pod of before the restart is left and all new ones are ready; appends `rollout-done`. */
  'deployment.rolledOut': {
    params: { check: string; trial: number; subject: DeploymentName; timeoutMs: number };
    result: { done: boolean; detail: string };
  };
  /**
   * Embedded environments only: kills a node and starts it again. `readyMs` (CLOCK_MONOTONIC) is when the node had sent a heartbeat
   * since and was Ready; null: it did not come back in time, and `detail` says what was missing.
   */
  'node.restart': {
    params: { check: string; node: string };
    result: { startedMs: number; readyMs: number | null; detail: string };
  };
  /** The utilisation of every device as the environment's Prometheus knows it; `unavailable` says why it does not. */
  'gpu.utilisation': { params: { check: string }; result: Utilisation & { unavailable?: string } };
  /**
   * For every tender that got an id: waits until no job is open, then counts its effects in the stores; appends `jobs`, `effects` and
   * `effects-failed` to `jobs.ndjson`.
   */
  'ai.jobs': { params: { check: string; trial: number; timeoutMs: number }; result: { detail: string } };
  /** Sets the behaviour of the stand-in for the model until `ai.rest`; `unavailable`: why it cannot be set. */
  'ai.behave': {
    params: { check: string; title: string; behaviour: Partial<LlmBehaviour> };
    result: { unavailable?: string };
  };
  'ai.rest': { params: { check: string }; result: null };
  /** Looks for the model's token in the logs of the platform, its edge and what is declared elsewhere; appends `key-scan`. It never leaves the runner. */
  'ai.scanLogs': { params: { check: string; trial: number }; result: null };
}

/** What became of a request for a draft. */
export interface DraftAnswer {
  /** null: no answer. */
  status: number | null;
  /** Whether it was written without the model; null: the answer does not say. */
  degraded: boolean | null;
  /** It is a draft as the contract has it. */
  written: boolean;
  /** From connecting to the last byte, ms. */
  ms: number;
  /** Why there was no answer; empty where there was one. */
  error: string;
}

export interface TelemetryOrder {
  check: string;
  trial: number;
  /** Beginning of every correlation id; without a slash. */
  run: string;
  follow: ('logs' | 'traces')[];
  /** Canary requests, and how many a second; 0: none. */
  requests: number;
  perSecond: number;
  /** Nodes whose pods write numbered lines, from 1 to `lines`, with the correlation id `RUN/line/NODE/START`. */
  nodes: string[];
  lines: number;
  /** Wall clock ms; older lines are not searched for. */
  sinceMs: number;
}
/** A container that has `busybox`, and the clock of its node. */
export interface ClockPod {
  node: string;
  namespace: string;
  pod: string;
  container: string;
}
/** A container whose log file is read. */
export interface DiskPod {
  namespace: string;
  pod: string;
  container: string;
  node: string;
  restarts: number;
}
/** The same, with how far the clock of its node is ahead, give or take an error, ms. */
export interface ClockedPod extends DiskPod {
  clock: { offsetMs: number; errorMs: number };
}
export interface ClientLoadWait {
  check: string;
  until: 'acknowledged' | 'steady';
  /** For `acknowledged`. */
  count?: number;
  /** For `steady`. */
  stretchMs?: number;
  /** For `steady`: the stretch may have begun before the question; by default only what comes after it counts. */
  begunBefore?: boolean;
  /** For `steady`: whatever was open at the question must have ended too, so that a stall that began just before it is seen. */
  openEnded?: boolean;
  /** For `steady`: reads that were sent have not failed either. */
  reads?: boolean;
  timeoutMs: number;
}
export interface StepRecord {
  title: string;
  durationMs: number;
  /** ISO 8601. */
  startedAt?: string;
  error?: string;
}
/** Deployments whose failover is tested. */
export type DeploymentName = 'backend' | 'ai';
/** Pods of a namespace by prefixes of their names, or pods of a store's StatefulSet. */
export type PodSelection = { store: string } | { namespace: string; prefixes: string[] };

export type Method = keyof RunnerMethods;
export type Params<M extends Method> = RunnerMethods[M]['params'];
export type Result<M extends Method> = RunnerMethods[M]['result'];
