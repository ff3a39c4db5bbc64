import type { RunnerCore } from './runner-parts.ts';
import type { SharedLock } from './lock.ts';
import type { Drills } from '../state/drilled.ts';
import type { LoadRuns } from '../targets/load-runs.ts';
import type { LostNodes } from '../ask/nodes-back.ts';
import type { TelemetryRuns } from '../ask/telemetry/runs.ts';
import type { ClientLoads } from '../targets/client-loads.ts';

/** The runner as the methods that it serves see it. */
export interface ServedRunner extends RunnerCore {
  readonly lock: SharedLock;
  readonly clientLoads: ClientLoads;
  readonly loads: LoadRuns;
  readonly telemetry: TelemetryRuns;
  readonly complaints: string[];
  readonly lostNodes: LostNodes;
  readonly drills: Drills;
  /** See `CheckRunner.abandon`. */
  abandon(check: string): Promise<void>;
}
