import type { EngineCore } from '../engine-parts.ts';
import type { SharedLock } from '../lock.ts';
import type { Drills } from '../drilled.ts';
import type { LoadRuns } from '../load-runs.ts';
import type { LostNodes } from '../nodes-back.ts';
import type { TelemetryRuns } from '../telemetry-suite/runs.ts';
import type { Workloads } from '../workloads.ts';

/** The engine as the methods that it serves see it. */
export interface ServedEngine extends EngineCore {
  readonly lock: SharedLock;
  readonly workloads: Workloads;
  readonly loads: LoadRuns;
  readonly telemetry: TelemetryRuns;
  readonly complaints: string[];
  readonly lostNodes: LostNodes;
  readonly drills: Drills;
  /** See `Engine.abandon`. */
  abandon(check: string): Promise<void>;
}
