import type { Objective } from '../../reports/record/objective.ts';
import { EnvironmentError } from '../errors.ts';
import type { Problem } from '../errors.ts';
import type { ObjectiveChoice } from '../schema/objectives.ts';
import { closest } from '../suggest.ts';
import { renderPath } from '../yaml-source.ts';
import type { DataPath, YamlSource } from '../yaml-source.ts';
import type { SloDocument } from './document.ts';
import type { Library } from './load.ts';
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
 * The objectives that an environment names or states, with its target, threshold and window put in.
 * @throws EnvironmentError at the place in the environment's file: an unknown name, one named twice, a threshold where there is none
 */
export function resolveObjectives(
  choices: readonly ObjectiveChoice[],
  library: Library,
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
    const resolving = { ...context, library, path, problem };
    const found = isOwn(choice) ? ownObjective(choice, resolving) : documentObjective(choice, resolving);
    return found ?? [];
  });
  if (problems.length > 0) throw new EnvironmentError(problems);
  return resolved;
}

type Report = (path: DataPath, message: string, more: Pick<Problem, 'found' | 'allowed'>) => void;

interface Resolving extends Context {
  library: Library;
  /** Of the choice, in the environment file. */
  path: DataPath;
  problem: Report;
}

const isOwn = ({ template, queries }: ObjectiveChoice): boolean => (template ?? queries) !== undefined;

function documentObjective(
  choice: ObjectiveChoice,
  { library: { documents }, path, problem, kind }: Resolving,
): Objective | null {
  const document = documents.get(choice.name);
  if (document === undefined) {
    problem([...path, 'name'], 'no such objective', {
      found: `"${choice.name}"${hint(choice.name, [...documents.keys()])}`,
      allowed: `${[...documents.keys()].join(', ') || 'none: env/objectives is empty'}; or template or queries beside the name`,
    });
    return null;
  }
  if (choice.value !== undefined && document.spec.indicator.spec.thresholdMetric === undefined)
    problem([...path, 'value'], 'a ratio has no threshold; its query decides what is good', {
      found: String(choice.value),
      allowed: 'target and window',
    });
  return objectiveFrom(document, choice, kind);
}

function hint(name: string, names: readonly string[]): string {
  const meant = closest(name, names);
  return meant === null ? '' : ` (did you mean "${meant}"?)`;
}

/** An objective that the environment file states by itself. */
function ownObjective(
  choice: ObjectiveChoice,
  { library: { templates }, path, problem, kind, scrapeSeconds }: Resolving,
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
  const { name, title = name, service = name, target = 0, status } = choice;
  return {
    name,
    title,
    service,
    target,
    status,
    window: ownWindow(choice.window ?? (kind === 'local' ? 'run' : DEFAULT_WINDOW)),
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

/** The window of the SRE Workbook's examples, and of the documents of env/objectives. */
const DEFAULT_WINDOW = '30d';

function ownWindow(window: string): Objective['window'] {
  return window === 'run' ? { kind: 'run' } : { kind: 'rolling', ms: durationMs(window) };
}

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

function objectiveFrom(document: SloDocument, choice: ObjectiveChoice, kind: string): Objective {
  const { metadata, spec } = document;
  const [goal = {}] = spec.objectives;
  const stated = goal.target ?? Number(((goal.targetPercent ?? 0) / 100).toPrecision(12));
  return {
    name: metadata.name,
    title: metadata.displayName ?? metadata.name,
    service: spec.service,
    method: spec.budgetingMethod,
    target: choice.target ?? stated,
    window: windowOf(spec, choice.window ?? (kind === 'local' ? 'run' : undefined)),
    slice:
      goal.timeSliceTarget === undefined || goal.timeSliceWindow === undefined
        ? null
        : { target: goal.timeSliceTarget, ms: durationMs(goal.timeSliceWindow) },
    indicator: indicatorOf(spec, choice.value),
    status: choice.status,
    stated: 'env/objectives',
  };
}

function windowOf({ timeWindow }: SloDocument['spec'], own: string | undefined): Objective['window'] {
  if (own !== undefined) return ownWindow(own);
  const [{ duration, calendar } = { duration: '30d', calendar: undefined }] = timeWindow;
  return calendar === undefined
    ? { kind: 'rolling', ms: durationMs(duration) }
    : { kind: 'calendar', duration, ...calendar };
}

function indicatorOf(
  { indicator, objectives }: SloDocument['spec'],
  value: number | undefined,
): Objective['indicator'] {
  const { ratioMetric: ratio, thresholdMetric: threshold } = indicator.spec;
  const query = (source: typeof threshold): string => source?.metricSource.spec.query ?? '';
  if (ratio !== undefined)
    return {
      kind: 'ratio',
      counter: ratio.counter,
      good: ratio.good === undefined ? null : query(ratio.good),
      bad: ratio.bad === undefined ? null : query(ratio.bad),
      total: query(ratio.total),
    };
  const [goal] = objectives;
  return {
    kind: 'threshold',
    query: query(threshold),
    op: goal?.op ?? 'lte',
    value: value ?? goal?.value ?? 0,
  };
}
