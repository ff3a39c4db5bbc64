import type { Objective } from '../../reports/record/telemetry/objective.ts';
import type {
  AiSettings,
  Application,
  Environment,
  FaultName,
  Gpu,
  PrometheusSettings,
  StoreName,
  Telemetry,
  TelemetryCanary,
  TimeoutName,
  Topology,
} from '../../env/schema.ts';

/** Target and waits of a trial, where a drill or a control overrides the environment. */
export interface TrialOverrides {
  target?: string;
  also?: 'api'[];
  fault?: string;
  steadyBeforeMs?: number;
  holdMs?: number;
  rtoDeadlineMs?: number;
  membersRejoinedMs?: number;
}

/**
 * The parts of the environment that a check is given, typed as in the environment's schema. `reads` of its row selects the parts.
 * Only drills and controls set those at the end.
 */
export interface CheckSettings extends Partial<Topology> {
  kind: Environment['kind'];
  embedded?: string;
  size?: 'small' | 'full';
  apiAddress?: string;
  namespaces: Environment['namespaces'];
  /** Every named time-out, ms. */
  timeouts: Record<TimeoutName, number>;
  stores: Environment['stores'];
  drills: Environment['drills'];
  /** Whether checks may create canaries of their own here. */
  writes?: boolean;
  /** The run may make and change nothing (`--read-only`). */
  readOnly?: true;
  /** How the network of the cluster is reached from here; left out: this machine is in it. */
  reach?: 'port-forward';
  /** Workloads of stores and parts that were not provisioned: they may be present or absent. */
  leftOut?: string[];
  /** Drills of late, by the pods (`namespace/name`) that they hit; times are ISO 8601. */
  drilled?: { pods: string[]; from: string; to: string; restarts?: Record<string, number> }[];
  /** Why drills of runs on other machines are not in `drilled`; left out: they are. */
  drillsUnknown?: string;
  /** The whole topology, of checks that are none of topology. */
  topology?: Topology;
  gpu?: Gpu & { kind: 'whole' | 'mig' | 'shared' };
  scrapeSeconds?: number;
  startup?: { pods: number; readinessDelaySeconds?: number };
  ai?: AiSettings;
  application?: Pick<Application, 'follow' | 'proof' | 'servedBy'> & {
    statuses: { look: number[]; draft?: number[] };
  };
  /** Complete for checks of budgets; names for the check of loaded rules. */
  objectives?: Objective[] | string[];
  steady?: { requestsPerSecond: number; seconds: number; maxUsers?: number; scenario?: string | undefined };
  prometheus?: PrometheusSettings;
  telemetry?: Telemetry;
  /** The store that a trial hits, and how. */
  store?: StoreName;
  fault?: FaultName;
  rtoDeadlineMs?: number;
  members?: number;
  failover?: TrialOverrides;
  clientLoad?: Record<string, unknown>;
  canary?: Partial<TelemetryCanary>;
  everyWorkload?: { waitMs?: number };
  jobs?: { doneWithinMs?: number };
  query?: { askAfterMs?: number };
  teeth?: number;
  scaleUpMs?: number;
  lingersSeconds?: number;
  restart?: boolean;
}
