import type { Environment, EnvironmentFile } from './schema.ts';
import { PART_NAMES } from './schema/parts.ts';
import type { PartName } from './schema/parts.ts';
import type { Telemetry } from '../probes/signals/declaration.ts';

type Declaring = EnvironmentFile | Environment;

/** A part is declared by a section of its name, or by a workload that belongs to it. */
export function declaresPart(environment: Declaring, part: PartName): boolean {
  return (
    declaresSection(environment, part) ||
    environment.topology.workloads.some((workload) => workload.part === part)
  );
}

function declaresSection(environment: Declaring, part: PartName): boolean {
  if (part === 'telemetry') return looksAtPlatform(environment.telemetry);
  return environment[part] !== undefined;
}

/** False if only the destination of Plumbline's own telemetry is declared: that is no part of the platform. */
function looksAtPlatform(telemetry: Telemetry | undefined): boolean {
  if (telemetry === undefined) return false;
  const { logs, traces, alerts, dashboards, required } = telemetry;
  const sources = [logs, traces, alerts, dashboards].some((source) => source !== undefined);
  return sources || required.targets.length > 0 || required.series.length > 0;
}

/** The stores and parts that an environment declares, as `--with` takes them. */
export function declaredWords(environment: Declaring): string[] {
  return [
    ...Object.keys(environment.stores),
    ...PART_NAMES.filter((part) => declaresPart(environment, part)),
  ];
}
