/**
 * Mutation tests of judges: a passing history is changed in thousands of ways, and what the judge says of each change is kept by field and
 * operator, for a person to review. Pure.
 */
import type { Judge } from '../judge/definition.ts';
import type { History } from '../record/history/history.ts';
import { errorText } from '../record/error-text.ts';
import { decisive } from '../record/rule.ts';
import { damaged, endsCut, filesDropped, kindsDropped, subjectsDropped } from './absence.ts';
import type { Mutant, Trial } from './mutant.ts';
import { namesOf } from './names.ts';
import { LOST, operationsBent, writesLost } from './operations.ts';
import { placesByPath, valuesBent } from './values.ts';

export interface Held {
  trials: readonly Trial[];
  judge: Judge;
}

/** What a judge says of all changes of one operator at one path. */
export interface Outcome {
  path: string;
  operator: string;
  /** Verdicts with the ids of the rules that decide, without repetition, such as `fail rto`; a judge that crashes is `crashed`. */
  says: string[];
  /** A pass needs a reason that somebody has written down. */
  strict: boolean;
}

export interface Result {
  /** The verdict and reason of an unchanged history that did not pass: no mutant was tried then. null: it passed. */
  refused: string | null;
  mutants: number;
  passing: number;
  outcomes: Outcome[];
  /** Outcomes that nobody can accept. */
  wrong: string[];
}

interface Turn {
  mutant: Mutant;
  /** The histories of all trials with the bent one among them. */
  wrap: (history: History) => History[];
}

export function takeApart({ trials, judge }: Held): Result {
  const histories = trials.map(({ history }) => history);
  const asItIs = judged(judge, histories);
  if (asItIs.verdict !== 'pass') return refusal(`${asItIs.verdict}: ${asItIs.reason}`);
  const turns = trials.flatMap((trial, index) =>
    mutantsOf(trial).map((mutant): Turn => ({ mutant, wrap: (bent) => histories.with(index, bent) })),
  );
  const result = refusal(null);
  const kept = new Map<string, Outcome>();
  for (const { mutant, wrap } of [...turns, ...trialsDropped(histories)]) {
    const history = mutant.make();
    // It does not fit its schema, which `damaged` tests once, or the change had no effect.
    if (history === null || histories.includes(history)) continue;
    const said = sentenceOf(judged(judge, wrap(history)));
    result.mutants += 1;
    if (said === 'pass') result.passing += 1;
    keep(kept, mutant, said);
    const wanted = { [LOST]: 'fail', 'line damaged': 'inconclusive' }[mutant.operator];
    if (wanted !== undefined && !said.startsWith(wanted))
      result.wrong.push(`${mutant.operator}: ${said}, and must always be ${wanted}`);
  }
  return { ...result, outcomes: [...kept.values()] };
}

/** A result without outcomes. */
export function refusal(refused: string | null): Result {
  return { refused, mutants: 0, passing: 0, outcomes: [], wrong: [] };
}

function keep(
  kept: Map<string, Outcome>,
  { path, named = path, operator, strict }: Mutant,
  said: string,
): void {
  const at = said === 'pass' ? named : path;
  const key = `${at}\n${operator}`;
  const found = kept.get(key);
  if (found === undefined) kept.set(key, { path: at, operator, says: [said], strict });
  else if (!found.says.includes(said)) found.says.push(said);
}

type Said = Pick<ReturnType<Judge>, 'verdict' | 'reason' | 'rules'> | { verdict: 'crashed'; reason: string };

function judged(judge: Judge, histories: History[]): Said {
  try {
    return judge(histories);
  } catch (error) {
    return { verdict: 'crashed', reason: errorText(error) };
  }
}

function sentenceOf(said: Said): string {
  if (said.verdict === 'pass' || said.verdict === 'crashed') return said.verdict;
  return [said.verdict, ...new Set(decisive(said.rules ?? []).map(({ id }) => id))].join(' ');
}

function mutantsOf(trial: Trial): Mutant[] {
  const places = placesByPath(trial.history);
  const names = namesOf(trial.history, places);
  return [
    ...damaged(trial),
    ...kindsDropped(trial),
    ...filesDropped(trial),
    ...subjectsDropped(trial, names),
    ...endsCut(trial),
    ...valuesBent(trial, places, names),
    ...operationsBent(trial),
    ...writesLost(trial),
  ];
}

/** Drops one trial at a time, only where the goal needs every trial. */
function trialsDropped(histories: readonly History[]): Turn[] {
  const { minTrials = 1 } = histories[0]?.header.goals ?? {};
  if (histories.length < 2 || minTrials < histories.length) return [];
  return histories.map((history, index) => ({
    mutant: { operator: 'trial dropped', path: '(trial)', strict: true, make: () => ({ ...history }) },
    wrap: () => histories.toSpliced(index, 1),
  }));
}
