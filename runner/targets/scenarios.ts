/** The scripts of loads: ours, and those that an environment declares (`load.scenarios`). */
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../../env/schema.ts';
import { CHECKOUT } from '../../host/paths.ts';
import { checkScript } from '../../load/engines/embedded/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

type Declaring = Pick<Environment, 'file' | 'load'>;

/** Absolute path of a scenario's script. */
export function scriptOf({ file, load }: Declaring, scenario: string): string {
  const own = load.scenarios?.[scenario];
  return own === undefined ? join(CHECKOUT, 'load/scenarios', `${scenario}.ts`) : resolve(dirname(file), own);
}

/** Loads each declared scenario, as the embedded engine does. @returns what is wrong, one text each */
export async function scenarioProblems(environment: Declaring): Promise<string[]> {
  const problems: string[] = [];
  for (const name of Object.keys(environment.load.scenarios ?? {})) {
    const script = scriptOf(environment, name);
    await checkScript(script).catch((error: unknown) => {
      problems.push(`load.scenarios.${name}: ${script}: ${errorText(error)}`);
    });
  }
  return problems;
}
