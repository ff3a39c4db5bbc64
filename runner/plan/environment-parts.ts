import type { Environment } from '../../env/schema.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import type { Size } from '../../env/schema.ts';
import type { InstanceName } from '../../host/paths.ts';
import { accessIn, faultHere, type PlannedCheck, type Work } from '../../suites/catalogue/index.ts';
import type { Goals } from '../../reports/record/goals.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';
import type { CheckSettings } from '../../suites/catalogue/check-settings.ts';
import { windowMs as windowOf } from '../../env/objectives/index.ts';
import { askingOf, questionsOf } from '../../reports/judge/performance/budget-queries.ts';

/** The instance of the embedded environment, whose nodes and state are on this machine; undefined for any other. */
export function embeddedOf(environment: Environment): InstanceName | undefined {
  return traitsOf(environment).instance;
}

export function sizeOf(environment: Environment): Size | undefined {
  return traitsOf(environment).size;
}

/** Namespaces of the environment's pods, and of the harness's. */
export function namespacesOf({ namespaces, topology }: Environment): {
  environment: string[];
  harness: string[];
} {
  const { platform, edge, ...own } = namespaces;
  return {
    environment: [...new Set([platform, edge, ...topology.workloads.map(({ namespace }) => namespace)])],
    harness: Object.values(own),
  };
}

/** A named time-out, ms. */
export function timeoutMsOf(
  environment: Pick<Environment, 'timeouts'>,
  name: keyof Environment['timeouts'],
): number {
  return environment.timeouts[name].seconds * 1000;
}

/** The environment in a history's header: what the check needs, with every named timeout in ms. */
export function headerSettings(check: string, environment: Environment): CheckSettings {
  const settings = settingsFor(check, environment);
  const subject = faultHere(environment, check);
  if (!subject) return settings;
  const declared = environment.stores[subject.store];
  return {
    ...settings,
    ...subject,
    rtoDeadlineMs: timeoutMsOf(environment, 'rtoDeadline'),
    members: declared?.members ?? 0,
  };
}

/** Readers share the environment; what injects a fault, makes load or takes devices has it alone. */
export function lockMode(
  { row }: Pick<PlannedCheck, 'row'>,
  environment: Environment,
): 'shared' | 'exclusive' {
  const access = accessIn(environment, row);
  const injects = access === 'F' || access === 'permit';
  return injects || row.alone(environment, access) ? 'exclusive' : 'shared';
}

/** Longest time for all trials of a check. */
export function checkTimeoutMs({ row, goals, trials }: PlannedCheck, environment: Environment): number {
  const { waits, workMs } = row.time;
  const waitMs: Work['waitMs'] = (name) => timeoutMsOf(environment, name);
  const work: Work = { goals, waitMs, answers: () => answersOf(environment) };
  const waited = waits.reduce((total, name) => total + waitMs(name), 0);
  return trials * (waited + windowMs(goals) + (workMs?.(environment, work) ?? 0));
}

/** Longest run of an embedded environment: the window of objectives that cover the run. */
const LONGEST_RUN_MS = 86_400_000;

/** How many questions the objectives take at most. */
function answersOf(environment: Environment): number {
  const { objectives, prometheus } = environment;
  const asked = objectives.flatMap((objective) => {
    const asking = askingOf(objective, environment, (prometheus?.scrapeSeconds ?? 1) * 1000);
    return questionsOf(objective, windowOf(objective.window, LONGEST_RUN_MS), asking);
  });
  return new Set(asked).size;
}

/** How long requests are sent after the fault; 0 for checks without such a window. */
function windowMs({ windowSeconds = 0 }: Goals): number {
  return windowSeconds * 1000;
}

/** A guess of a check's usual time, for the progress shown, ms. */
export function estimateMs({ row, goals, trials }: PlannedCheck, environment: Environment): number {
  const { usualMs } = row.time;
  return trials * ((typeof usualMs === 'number' ? usualMs : usualMs(environment)) + windowMs(goals));
}
