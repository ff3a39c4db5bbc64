import type { Environment, EnvironmentFile } from './schema.ts';
import { PART_NAMES } from './schema/parts.ts';
import type { PartName } from './schema/parts.ts';

type Declaring = EnvironmentFile | Environment;

/** A part is declared by a section of its name, or by a workload that belongs to it. */
export function declaresPart(environment: Declaring, part: PartName): boolean {
  const section = (environment as unknown as Readonly<Record<string, unknown>>)[part];
  return section !== undefined || environment.topology.workloads.some((workload) => workload.part === part);
}

/** The stores and parts that an environment declares, as `--with` takes them. */
export function declaredWords(environment: Declaring): string[] {
  return [
    ...Object.keys(environment.stores),
    ...PART_NAMES.filter((part) => declaresPart(environment, part)),
  ];
}
