/** The rules of an instance: those of the objectives that its environment file names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnvironment } from '../../../loader.ts';
import { parseObjective, resolveObjectives } from '../../../objectives/index.ts';
import type { InstanceName } from '../../nodes/addressing.ts';
import { burnRateRules } from './rules.ts';

const ENVIRONMENTS = resolve(import.meta.dirname, '../../..');

/**
 * A file of rules for Prometheus.
 * @throws EnvironmentError when the environment file or an objective is not as it should be
 */
export function rulesOf(instance: InstanceName): string {
  const file = join(ENVIRONMENTS, `${instance}.yaml`);
  const { data, source } = parseEnvironment(readFileSync(file, 'utf8'), file);
  return burnRateRules(resolveObjectives(data.objectives, documents(), { source, kind: data.kind }));
}

function documents(): Map<string, ReturnType<typeof parseObjective>> {
  const folder = join(ENVIRONMENTS, 'objectives');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return new Map(
    names.sort().map((name) => {
      const file = join(folder, name);
      return [name.replace(/\.yaml$/, ''), parseObjective(readFileSync(file, 'utf8'), file)];
    }),
  );
}
