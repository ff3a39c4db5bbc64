/** The rules of an instance: those of the objectives that its environment file names, as `plumbline rules` prints them. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnvironment } from '../../../loader.ts';
import { objectiveRules, readTemplates, resolveObjectives, ruleFile } from '../../../objectives/index.ts';
import type { InstanceName } from '../../nodes/addressing.ts';

const CHECKOUT = resolve(import.meta.dirname, '../../../..');

/**
 * A file of rules for Prometheus.
 * @throws EnvironmentError when the environment file or a template is not as it should be
 */
export function rulesOf(instance: InstanceName): string {
  const file = join(CHECKOUT, 'env', `${instance}.yaml`);
  const { data, source } = parseEnvironment(readFileSync(file, 'utf8'), file);
  const context = { source, kind: data.kind, scrapeSeconds: data.prometheus?.scrapeSeconds };
  const objectives = resolveObjectives(data.objectives, readTemplates(CHECKOUT), context);
  return ruleFile(objectiveRules({ ...data, objectives }));
}
