import type { Telemetry, Topology } from '../../../env/schema.ts';
import { logFieldsOf } from '../../../probes/logs/index.ts';
import type { LogFields } from '../../../probes/logs/index.ts';
import type { CheckContext } from '../../harness/context.ts';

/** What `settingsFor` puts into the header of a check of telemetry. */
export interface TelemetrySettings {
  telemetry: Telemetry;
  workloads: Topology['workloads'];
  pools: Topology['pools'];
  writes: boolean;
}

/** @throws Error where the environment declares no telemetry: then no such check is planned */
export function settingsOf({ id, settings }: CheckContext): TelemetrySettings {
  const { telemetry, canary, workloads = [], topology, writes = false } = settings;
  if (telemetry === undefined) throw new Error(`${id} needs an environment that declares telemetry`);
  // Set by controls only: fewer requests suffice to show their break.
  return {
    telemetry: { ...telemetry, canary: { ...telemetry.canary, ...canary } },
    workloads,
    pools: topology?.pools ?? [],
    writes,
  };
}

/** Names of the fields of log lines. @throws Error where the environment declares no store of logs: then no such check is planned */
export function fieldsOf(ctx: CheckContext): LogFields {
  const { logs } = settingsOf(ctx).telemetry;
  if (logs === undefined) throw new Error(`${ctx.id} needs an environment that declares telemetry.logs`);
  return logFieldsOf(logs);
}

/** A goal that the catalogue gives this check. @throws Error where there is none */
export function visibleMsOf({ id, goals }: CheckContext): number {
  if (goals.visibleSeconds === undefined) throw new Error(`${id} has no goal visibleSeconds`);
  return goals.visibleSeconds * 1000;
}

/**
 * Correlation id prefix of a trial, unique so that trials are not mixed up. It has no slash and no character that a search treats
 * specially.
 */
export function runName(ctx: CheckContext): string {
  return `pl${Date.now().toString(36)}t${ctx.trial}x${Math.floor(Math.random() * 1e6).toString(36)}`;
}
