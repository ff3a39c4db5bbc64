import type { Objective } from '../../reports/record/objective.ts';
import { EnvironmentError } from '../errors.ts';
import type { Problem } from '../errors.ts';
import type { ObjectiveChoice } from '../schema/objectives.ts';
import { closest } from '../suggest.ts';
import { renderPath } from '../yaml-source.ts';
import type { DataPath, YamlSource } from '../yaml-source.ts';
import type { SloDocument } from './document.ts';
import { durationMs } from './window.ts';

interface Context {
  /** Of the environment file, for messages. */
  source: YamlSource;
  /** Kind of the environment: a local one lives no longer than its runs. */
  kind: string;
}

/**
 * The objectives that an environment names, with its target, threshold and window put in.
 * @throws EnvironmentError at the place in the environment's file: an unknown name, one named twice, a threshold where there is none
 */
export function resolveObjectives(
  choices: readonly ObjectiveChoice[],
  documents: ReadonlyMap<string, SloDocument>,
  context: Context,
): Objective[] {
  const problems: Problem[] = [];
  const problem = (path: DataPath, message: string, more: Pick<Problem, 'found' | 'allowed'>): void => {
    problems.push({ ...context.source.locate(path), path: renderPath(path), message, ...more });
  };
  const resolved = choices.flatMap((choice, index) => {
    const path = ['objectives', index, 'name'];
    const found = `"${choice.name}"`;
    const document = documents.get(choice.name);
    if (choices.findIndex(({ name }) => name === choice.name) < index)
      problem(path, 'this objective is named twice', { found, allowed: 'each objective once' });
    if (document === undefined) {
      const meant = closest(choice.name, [...documents.keys()]);
      const hint = meant === null ? '' : ` (did you mean "${meant}"?)`;
      problem(path, 'no such objective', {
        found: `${found}${hint}`,
        allowed: [...documents.keys()].join(', ') || 'none: env/objectives is empty',
      });
      return [];
    }
    if (choice.value !== undefined && document.spec.indicator.spec.thresholdMetric === undefined)
      problem(['objectives', index, 'value'], 'a ratio has no threshold; its query decides what is good', {
        found: String(choice.value),
        allowed: 'target and window',
      });
    return [objectiveFrom(document, choice, context.kind)];
  });
  if (problems.length > 0) throw new EnvironmentError(problems);
  return resolved;
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
  };
}

function windowOf({ timeWindow }: SloDocument['spec'], own: string | undefined): Objective['window'] {
  if (own === 'run') return { kind: 'run' };
  if (own !== undefined) return { kind: 'rolling', ms: durationMs(own) };
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
