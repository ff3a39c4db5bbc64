import type { Objective } from '../../reports/record/telemetry/objective.ts';
import { EnvironmentError } from '../errors.ts';
import type { Problem } from '../errors.ts';
import type { ObjectiveChoice } from '../schema/objectives.ts';
import { closest } from '../suggest.ts';
import { renderPath } from '../yaml-source.ts';
import type { DataPath, YamlSource } from '../yaml-source.ts';
import type { Templates } from './load.ts';
import { CANARY_GROUP } from './rules.ts';
import { statedByTemplate, unsetIn } from './template.ts';
import type { ObjectiveTemplate, Stated } from './template.ts';
import { durationMs } from './window.ts';

interface Context {
  /** Of the environment file, for messages. */
  source: YamlSource;
  /** Kind of the environment: a local one lives no longer than its runs. */
  kind: string;
  /** Interval of Prometheus; left out: that of the schema. */
  scrapeSeconds?: number | undefined;
}

/**
 * The objectives that an environment states, as judges read them.
 * @throws EnvironmentError at the place in the environment's file: an unknown template, a name that is taken
 */
export function resolveObjectives(
  choices: readonly ObjectiveChoice[],
  templates: Templates,
  context: Context,
): Objective[] {
  const problems: Problem[] = [];
  const problem: Report = (path, message, more) => {
    problems.push({ ...context.source.locate(path), path: renderPath(path), message, ...more });
  };
  const resolved = choices.flatMap((choice, index) => {
    const path = ['objectives', index];
    if (choices.findIndex(({ name }) => name === choice.name) < index)
      problem([...path, 'name'], 'this objective is named twice', {
        found: `"${choice.name}"`,
        allowed: 'each objective once',
      });
    if (choice.name === CANARY_GROUP)
      problem([...path, 'name'], "the group of the canary's rule has this name", {
        found: `"${choice.name}"`,
        allowed: 'any other name',
      });
    return resolveOne(choice, { ...context, templates, path, problem }) ?? [];
  });
  if (problems.length > 0) throw new EnvironmentError(problems);
  return resolved;
}

type Report = (path: DataPath, message: string, more: Pick<Problem, 'found' | 'allowed'>) => void;

interface Resolving extends Context {
  templates: Templates;
  /** Of the choice, in the environment file. */
  path: DataPath;
  problem: Report;
}

function hint(name: string, names: readonly string[]): string {
  const meant = closest(name, names);
  return meant === null ? '' : ` (did you mean "${meant}"?)`;
}

function resolveOne(
  choice: ObjectiveChoice,
  { templates, path, problem, kind, scrapeSeconds }: Resolving,
): Objective | null {
  const template = templates.get(choice.template ?? '');
  if (choice.template !== undefined && template === undefined) {
    problem([...path, 'template'], 'no such template', {
      found: `"${choice.template}"${hint(choice.template, [...templates.keys()])}`,
      allowed: [...templates.keys()].join(', '),
    });
    return null;
  }
  requireSet(template, choice, { path, problem });
  const { name, title = name, service, target, status } = choice;
  const window = choice.window ?? (kind === 'local' ? 'run' : DEFAULT_WINDOW);
  return {
    name,
    title,
    service,
    target,
    status,
    window: window === 'run' ? { kind: 'run' } : { kind: 'rolling', ms: durationMs(window) },
    ...slicing(choice),
    ...(template === undefined ? statedByQueries(choice) : statedByTemplate(template, choice, scrapeSeconds)),
  };
}

/** A selector by a label that some bad events lack would leave them out. */
function requireSet(
  template: ObjectiveTemplate | undefined,
  { selector = '' }: ObjectiveChoice,
  { path, problem }: Pick<Resolving, 'path' | 'problem'>,
): void {
  const unset = template === undefined ? null : unsetIn(template, selector);
  if (unset === null) return;
  const { label, advice } = unset;
  const message = `some bad events have no value of ${label}, and would be left out`;
  problem([...path, 'selector'], message, { found: label, allowed: advice });
}

/** The window of the SRE Workbook's examples. */
const DEFAULT_WINDOW = '30d';

function slicing({ slice }: ObjectiveChoice): Pick<Objective, 'method' | 'slice'> {
  return slice === undefined
    ? { method: 'Occurrences', slice: null }
    : { method: 'Timeslices', slice: { target: slice.target, ms: durationMs(slice.length) } };
}

function statedByQueries({ queries = { counter: true }, value = 0 }: ObjectiveChoice): Stated {
  const stated = 'environment file';
  if (queries.value !== undefined) {
    const { value: query, op = 'lte' } = queries;
    return { stated, indicator: { kind: 'threshold', query, op, value } };
  }
  const { total = '', good = null, bad = null, counter } = queries;
  return { stated, indicator: { kind: 'ratio', counter, good, bad, total } };
}
