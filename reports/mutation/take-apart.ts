/**
 * Mutation tests of judges: a passing history is changed in thousands of ways, and each change after which the verdict is still
 * `pass` shows something that the judge does not read. Pure.
 */
import type { Judge } from '../judge/definition.ts';
import type { Annotations } from '../judge/annotations.ts';
import type { History } from '../record/history/history.ts';
import { damaged, endsCut, filesDropped, kindsDropped, linesDropped, subjectsDropped } from './absence.ts';
import { namesExchanged } from './exchange.ts';
import type { Mutant, Subject, Trial } from './mutant.ts';
import { namesOf } from './names.ts';
import { detailsByOutcome, operationsBent } from './operations.ts';
import { isList, isRecord } from './places.ts';
import { randomOf, shuffle } from './random.ts';
import { knows } from './shape.ts';
import { timesMoved } from './times.ts';
import { placesByPath, valuesBent } from './values.ts';
import type { Found } from './values.ts';
import { errorText } from '../record/error-text.ts';

export interface Held {
  check: string;
  trials: readonly Trial[];
  judge: Judge;
  annotations: Annotations;
}

export interface Limits {
  seed: number;
  /** Stops when this is true; the mutants left are counted as untried. */
  isOver: () => boolean;
  /** Whether values of a known set (enums, literals) are changed too. */
  choices: boolean;
}

export interface Survivor {
  check: string;
  operator: string;
  path: string;
  before: string;
  after: string;
}

export interface Result {
  check: string;
  /** The verdict and reason of an unchanged history that did not pass: no mutant was tried then. null: it passed. */
  refused: string | null;
  fields: number;
  annotated: number;
  mutants: number;
  caught: number;
  survivors: Survivor[];
  /** Annotations of which every mutant that was tried is caught: they are not needed. */
  unneeded: string[];
  /** Annotations of a field that the schema of its kind has not. */
  unknown: string[];
  /** Mutants for which there was no time. */
  untried: number;
}

/** Most mutants of an annotated field to try, to see whether the field needs its annotation. */
const TRIED_OF_AN_ANNOTATION = 40;
const OPERATION_FIELDS = ['n', 'intendedMs', 'sentMs', 'doneMs', 'outcome'] as const;

/** The annotation that covers a path: its own, or one of what holds it. */
export function annotationOf(annotations: Annotations, path: string): string | null {
  if (Object.hasOwn(annotations, path)) return path;
  const holder = path.replace(/(?:\.[^.[\]]+|\[\d*\])$/, '');
  return holder === path || holder === '' ? null : annotationOf(annotations, holder);
}

/** The kind of a path `kind[]`, which stands for a single line and counts as a field if annotated; null for any other path. */
function lineOf(path: string): string | null {
  return /^([^.[\]]+)\[\]$/.exec(path)?.[1] ?? null;
}

interface OfTrial {
  mutants: Mutant[];
  fields: Set<string>;
  wrap: (history: History) => History[];
}

export function takeApart(held: Held, limits: Limits): Result {
  const histories = held.trials.map(({ history }) => history);
  const result = nothing(held.check);
  const asItIs = judged(held.judge, histories);
  if (asItIs.verdict !== 'pass') return { ...result, refused: `${asItIs.verdict}: ${asItIs.reason}` };
  const random = randomOf(limits.seed);
  const covered = (path: string): boolean => annotationOf(held.annotations, path) !== null;
  const all = held.trials.map((trial, index) =>
    ofTrial({ trial, covered, random, choices: limits.choices }, histories, index),
  );
  const kinds = new Set<string>(
    histories.flatMap(({ observations }) => observations.map(({ kind }) => kind)),
  );
  const lines = Object.keys(held.annotations).filter((path) => kinds.has(lineOf(path) ?? ''));
  const fields = new Set([...all.flatMap((one) => [...one.fields]), ...lines]);
  result.fields = fields.size;
  result.annotated = [...fields].filter(covered).length;
  result.unknown = Object.keys(held.annotations).filter((path) => knows(lineOf(path) ?? path) === false);
  const turns = all.flatMap(({ mutants, wrap }) => mutants.map((mutant) => ({ mutant, wrap })));
  turns.push(...trialsDropped(histories));
  new Trying(held, result).all(shuffle(turns, random), limits);
  return result;
}

/** The empty result of a check. */
export function nothing(check: string): Result {
  return {
    check,
    refused: null,
    fields: 0,
    annotated: 0,
    mutants: 0,
    caught: 0,
    survivors: [],
    unneeded: [],
    unknown: [],
    untried: 0,
  };
}

interface Turn {
  mutant: Mutant;
  /** The histories of all trials with the bent one among them. */
  wrap: (history: History) => History[];
}

class Trying {
  readonly #held: Held;
  readonly #result: Result;
  readonly #histories: readonly History[];
  /** Of each annotation, mutants tried and those that were caught. */
  readonly #annotations = new Map<string, { tried: number; caught: number }>();

  constructor(held: Held, result: Result) {
    this.#held = held;
    this.#histories = held.trials.map(({ history }) => history);
    this.#result = result;
  }

  all(turns: readonly Turn[], { isOver }: Limits): void {
    for (const [index, turn] of turns.entries()) {
      if (isOver()) {
        this.#result.untried = turns.length - index;
        break;
      }
      this.#one(turn);
    }
    if (this.#result.untried > 0) return;
    this.#result.unneeded = [...this.#annotations]
      .filter(([, { tried, caught }]) => tried === caught)
      .map(([annotation]) => annotation);
  }

  #one(turn: Turn): void {
    const { operator, path, before, after } = turn.mutant;
    const annotation = annotationOf(this.#held.annotations, path);
    if (annotation !== null) {
      this.#annotated(annotation, turn);
      return;
    }
    const isCaught = this.#isCaught(turn);
    if (isCaught === null) return;
    this.#result.mutants += 1;
    if (isCaught) this.#result.caught += 1;
    else this.#result.survivors.push({ check: this.#held.check, operator, path, before, after });
  }

  #annotated(annotation: string, turn: Turn): void {
    const count = this.#annotations.get(annotation) ?? { tried: 0, caught: 0 };
    this.#annotations.set(annotation, count);
    // One that survived shows that the annotation is needed.
    if (count.tried >= TRIED_OF_AN_ANNOTATION || count.caught < count.tried) return;
    const isCaught = this.#isCaught(turn);
    if (isCaught === null) return;
    count.tried += 1;
    if (isCaught) count.caught += 1;
  }

  /** null: the change had no effect, so this is no mutant. */
  #isCaught({ mutant, wrap }: Turn): boolean | null {
    const history = mutant.make();
    if (history !== null && this.#histories.includes(history)) return null;
    // A damaged line never passes: `damaged` tests that once for each history.
    return history === null || judged(this.#held.judge, wrap(history)).verdict !== 'pass';
  }
}

/** A judge that throws is inconclusive, as its caller in a run takes it. */
function judged(judge: Judge, histories: History[]): { verdict: string; reason: string } {
  try {
    return judge(histories);
  } catch (error) {
    return { verdict: 'inconclusive', reason: `the judge crashed: ${errorText(error)}` };
  }
}

function ofTrial(subject: Subject, histories: readonly History[], index: number): OfTrial {
  const { history } = subject.trial;
  const places = placesByPath(history, subject.random);
  const names = namesOf(history, places, subject.random);
  return {
    fields: fieldsOf(history, places),
    wrap: (bent) => histories.with(index, bent),
    mutants: [
      ...damaged(subject),
      ...kindsDropped(subject),
      ...linesDropped(subject),
      ...filesDropped(subject),
      ...subjectsDropped(subject, names),
      ...endsCut(subject),
      ...valuesBent(subject, places),
      ...namesExchanged(subject, places, names),
      ...timesMoved(subject, places),
      ...operationsBent(subject),
    ],
  };
}

/** Paths of plain values and of the columns of operations. */
function fieldsOf({ writes, reads }: History, places: ReadonlyMap<string, readonly Found[]>): Set<string> {
  const fields = [...places]
    .filter(([, all]) => all.some(({ value }) => !isList(value) && !isRecord(value)))
    .map(([path]) => path);
  const sides = [
    ['write', writes],
    ['read', reads],
  ] as const;
  const columns = sides.flatMap(([name, operations]) =>
    operations.count === 0
      ? []
      : [
          ...OPERATION_FIELDS.map((field) => `${name}.${field}`),
          ...[...detailsByOutcome(operations).keys()].map((outcome) => `${name}.detail.${outcome}`),
        ],
  );
  return new Set([...fields, ...columns]);
}

/** Drops one trial at a time, only where the goal needs every trial. */
function trialsDropped(histories: readonly History[]): Turn[] {
  const { minTrials = 1 } = histories[0]?.header.goals ?? {};
  if (histories.length < 2 || minTrials < histories.length) return [];
  return histories.map((history, index) => ({
    mutant: {
      operator: 'trial dropped',
      path: '(trial)',
      before: `trial ${history.header.trial} of ${histories.length}`,
      after: 'left out',
      make: () => ({ ...history }),
    },
    wrap: () => histories.toSpliced(index, 1),
  }));
}
