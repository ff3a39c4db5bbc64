/** The scripts of loads: ours, and those that an environment declares (`load.scenarios`). */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../../env/schema.ts';
import { CHECKOUT } from '../../host/paths.ts';
import { checkScript } from '../../load/engines/embedded/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

type Declaring = Pick<Environment, 'file' | 'load'>;

/** Absolute path of a scenario's script. */
export function scriptOf({ file, load }: Declaring, scenario: string): string {
  const own = load.scenarios?.[scenario];
  return own === undefined ? oursOf(scenario) : resolve(dirname(file), own);
}

function oursOf(scenario: string): string {
  return join(CHECKOUT, 'load/scenarios', `${scenario}.ts`);
}

/** Loads each declared scenario, as the embedded engine does; none may stand in for one of ours. @returns what is wrong, one text each */
export async function scenarioProblems(environment: Declaring): Promise<string[]> {
  const problems: string[] = [];
  for (const name of Object.keys(environment.load.scenarios ?? {})) {
    if (existsSync(oursOf(name)))
      problems.push(`load.scenarios.${name}: the checks send a scenario of this name: give yours another`);
    const script = scriptOf(environment, name);
    await checkScript(script).catch((error: unknown) => {
      problems.push(`load.scenarios.${name}: ${script}: ${errorText(error)}`);
    });
  }
  return problems;
}
