import type { Telemetry, TelemetryCanary, Topology } from '../../env/schema.ts';
import type { CheckContext } from '../harness/check.ts';

/** What `settingsFor` puts into the header of a check of telemetry. */
export interface TelemetrySettings {
  telemetry: Telemetry;
  workloads: Topology['workloads'];
  writes: boolean;
  drills: { steadySeconds: number };
}

export function settingsOf(ctx: CheckContext): TelemetrySettings {
  const given = ctx.settings as unknown as TelemetrySettings & { canary?: Partial<TelemetryCanary> };
  const { telemetry } = given;
  // Only controls set it: what they break shows with less.
  return { ...given, telemetry: { ...telemetry, canary: { ...telemetry.canary, ...given.canary } } };
}

/** Of a trial: marks of several must not be mixed up. No slash, no character that a search would take for more than itself. */
export function runName(ctx: CheckContext): string {
  return `pl${Date.now().toString(36)}t${ctx.trial}x${Math.floor(Math.random() * 1e6).toString(36)}`;
}
