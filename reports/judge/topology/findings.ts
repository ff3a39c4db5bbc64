import type { History } from '../../record/history/history.ts';
import type { Rule } from '../../record/rule.ts';
import type { NumberGoal } from '../../record/goals.ts';
import type { Figure, Finding, Judgement } from '../../record/judgement.ts';
import { wholeRules } from '../evidence/whole.ts';
import { atMost } from '../../record/at-most.ts';

/** Deviations kept in a judgement; all are counted. */
const MOST_FINDINGS = 50;

/** What a judge makes of each thing that it looked at. `unknown` is neither good nor bad: nobody could see it. */
type State = 'ok' | 'deviates' | 'absent' | 'unknown';

interface Entry extends Finding {
  state: State;
  /** Id of the rule that it belongs to. */
  rule: string;
  /** Its goal is a time: a machine that is too busy excuses a miss. */
  ofTime?: true;
}

/** How declared subjects are held against the lines that were recorded of them. */
interface Held<L> {
  /** The subject that a line is of. */
  key: (line: L) => string;
  /** What each subject must have or be, in a few words. */
  expected: string;
  /** What the lines are of each subject, such as `placement`; left out: the subject itself. */
  what?: string;
  /** A subject without a line fails, or nobody could see it. */
  missing: 'fail' | 'unknown';
  /** Why nobody could see it. */
  why?: (subject: string) => string | undefined;
  /** A line of a subject that is not declared fails, or is of no interest. */
  strange: 'fail' | 'ignore';
}

/** Collects what was looked at, and turns it into a judgement by the same rules for every topology check. */
export class Findings {
  readonly #history: History;
  readonly #entries: Entry[] = [];
  readonly figures: Figure[] = [];
  readonly #notes: string[] = [];
  readonly #exceptions: string[] = [];
  #rule = 'as-declared';

  constructor(history: History) {
    this.#history = history;
  }

  /** What follows belongs to the rule of this id, until another begins. */
  rule(id: string): this {
    this.#rule = id;
    return this;
  }

  /** Something was seen, and is as expected or not. */
  expect(subject: string, ok: boolean, expected: string, seen: string): void {
    this.#entries.push({ subject, ok, expected, seen, state: ok ? 'ok' : 'deviates', rule: this.#rule });
  }

  /** Something happened, and within its time or not. */
  inTime(subject: string, ok: boolean, expected: string, seen: string): void {
    const state = ok ? 'ok' : 'deviates';
    this.#entries.push({ subject, ok, expected, seen, state, rule: this.#rule, ofTime: true });
  }

  /** Something declared was not there. Only certain when the observation was complete. */
  absent(subject: string, expected: string): void {
    this.#entries.push({
      subject,
      ok: false,
      expected,
      seen: 'not there',
      state: 'absent',
      rule: this.#rule,
    });
  }

  /** Something could not be seen. */
  unknown(subject: string, expected: string, why: string): void {
    this.#entries.push({ subject, ok: false, expected, seen: why, state: 'unknown', rule: this.#rule });
  }

  /**
   * Visits each declared subject with its line. A subject without a line or with several, and a line of no subject, are said here: what is judged by this
   * needs no other evidence.
   */
  each<D, L>(
    declared: Iterable<readonly [subject: string, declared: D]>,
    seen: readonly L[],
    held: Held<L>,
    visit: (declared: D, line: L) => void = () => undefined,
  ): void {
    const rule = this.#rule;
    const bySubject = Map.groupBy(seen, held.key);
    const known = new Map(declared);
    for (const [subject, one] of known) {
      this.#rule = rule;
      const lines = bySubject.get(subject) ?? [];
      this.#once(subject, lines.length, held);
      for (const line of lines) visit(one, line);
    }
    this.#rule = rule;
    for (const subject of held.strange === 'fail' ? bySubject.keys() : [])
      if (!known.has(subject)) this.expect(saidOf(subject, held), false, 'nothing undeclared', 'it is there');
  }

  #once<L>(subject: string, lines: number, held: Held<L>): void {
    const { expected, missing, why } = held;
    const said = saidOf(subject, held);
    if (lines > 1) this.unknown(said, expected, `it was recorded ${lines} times`);
    if (lines > 0) return;
    if (missing === 'fail') this.absent(said, expected);
    else this.unknown(said, expected, why?.(subject) ?? 'it was not recorded');
  }

  /** Each wanted name must be recorded once, and no other: a missing, doubled or unknown name means a damaged record. */
  eachOnce(what: string, wanted: readonly string[], recorded: readonly string[]): void {
    const missing = wanted.filter((name) => !recorded.includes(name));
    const strange = recorded.filter((name) => !wanted.includes(name));
    const wrong = [
      ...missing.map((name) => `none of ${name}`),
      ...doubled(recorded).map((name) => `more than one of ${name}`),
      ...strange.map((name) => `one of ${name}`),
    ];
    this.#recorded(what, wrong.length === 0, {
      expected: `one of each of ${wanted.length}`,
      seen: wrong.slice(0, 3).join(', '),
    });
  }

  /** The same fact was recorded twice: both must be equal. */
  agree(what: string, one: string | number | null, other: string | number | null): void {
    this.#recorded(what, one === other, { expected: String(one), seen: String(other) });
  }

  /** A condition that every correct record meets, such as a time within the check. */
  sound(what: string, holds: boolean, expected: string, seen: string): void {
    this.#recorded(what, holds, { expected, seen });
  }

  #recorded(what: string, ok: boolean, { expected, seen }: { expected: string; seen: string }): void {
    if (ok) return;
    this.unknown(`record of ${what}`, expected, seen);
  }

  /** A goal of the header. If it is missing, that is noted as unknown, and NaN is returned, with which no comparison holds. */
  goal(name: NumberGoal): number {
    const value = this.#history.header.goals[name];
    if (value === undefined) this.unknown(`goal ${name}`, 'a number', 'the header names none');
    return value ?? Number.NaN;
  }

  /** What a reader must know beside the verdict, said once; it changes nothing. */
  note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }

  /** A part of what the check says that nobody could look at: a pass is not about it, and says so. */
  except(text: string): void {
    this.#exceptions.push(text);
    this.note(`not judged: ${text}`);
  }

  figure(figure: Figure): void {
    this.figures.push(figure);
  }

  /**
   * Worst first: a deviation that was seen is `fail`, whatever else is missing; then a source that did not answer, an
   * observation that was cut off, something nobody could see, or nothing at all is `inconclusive`; else `pass`.
   * @param expected the whole check in a few words
   */
  conclude(expected: string): Judgement {
    const gaps = gapsOf(this.#history);
    const certain = this.#entries.filter(
      (entry) => entry.state === 'deviates' || (entry.state === 'absent' && gaps.length === 0),
    );
    const open = this.#entries.filter(
      (entry) => entry.state === 'unknown' || (entry.state === 'absent' && gaps.length > 0),
    );
    const good = this.#entries.filter((entry) => entry.state === 'ok').length;
    const deviations = [...certain, ...open];
    const seen = [`${good} of ${this.#entries.length} as declared`, ...this.#notes].join('; ');
    return {
      ...this.#verdict(certain, open, gaps),
      rules: this.#rules(certain, open),
      expected,
      seen: deviations.length === 0 ? seen : `${seen}; ${sentence(deviations[0] as Entry)}`,
      figures: [...this.figures, { name: 'looked at', value: this.#entries.length }],
      findings: deviations.slice(0, MOST_FINDINGS).map(({ subject, ok, expected: wanted, seen: found }) => ({
        subject,
        ok,
        expected: wanted,
        seen: found,
      })),
      findingsTotal: deviations.length,
      evidence: [],
    };
  }

  /** One a rule id, in the order in which they were begun: its worst entry speaks for it. */
  #rules(certain: Entry[], open: Entry[]): Rule[] {
    if (this.#entries.length === 0)
      return [{ id: this.#rule, verdict: 'inconclusive', text: 'there was nothing to judge' }];
    const grouped = Map.groupBy(this.#entries, (entry) => entry.rule);
    return [...grouped].map(([id, entries]): Rule => {
      const [failed, unseen] = [certain, open].map((some) => some.filter((one) => one.rule === id));
      const worstOnes = failed?.length ? failed : (unseen ?? []);
      const [worst] = worstOnes;
      if (worst === undefined) return { id, verdict: 'pass', text: `all ${entries.length} as expected` };
      const text = severalText(worstOnes, entries.length);
      const verdict = failed?.length ? 'fail' : 'inconclusive';
      const ofTime = verdict === 'fail' && worstOnes.every((one) => one.ofTime === true);
      return { id, verdict, text, ...(ofTime && { ofTime }) };
    });
  }

  #verdict(certain: Entry[], open: Entry[], gaps: string[]): Pick<Judgement, 'verdict' | 'reason'> {
    if (certain.length > 0) return { verdict: 'fail', reason: severalText(certain, this.#entries.length) };
    if (gaps.length > 0) return { verdict: 'inconclusive', reason: gaps.join('; ') };
    const unseen = open[0];
    if (unseen !== undefined)
      return { verdict: 'inconclusive', reason: `could not be seen: ${sentence(unseen)}` };
    if (this.#entries.length === 0) return { verdict: 'inconclusive', reason: 'there was nothing to judge' };
    const reason = this.#entries.length === 1 ? 'as declared' : `all ${this.#entries.length} as declared`;
    return { verdict: 'pass', reason: [reason, ...this.#exceptions].join('; not judged: ') };
  }
}

function saidOf<L>(subject: string, { what }: Held<L>): string {
  return what === undefined ? subject : `${what} of ${subject}`;
}

function sentence(entry: Entry): string {
  return `${entry.subject}: expected ${entry.expected}, seen ${entry.seen}`;
}

/** Subjects, and things of one subject, that are named where several entries deviate. */
const MOST_NAMED = 4;

/** One entry as it is; several by their names, since the first may be the least telling: `8 of 26: liveness and readiness of A, of B, …`. */
function severalText(entries: readonly Entry[], of: number): string {
  const [first] = entries;
  if (first === undefined) return '';
  if (entries.length === 1) return sentence(first);
  const alike = entries.every(({ expected, seen }) => expected === first.expected && seen === first.seen);
  const said = `${alike ? ': ' : '; the first: '}expected ${first.expected}, seen ${first.seen}`;
  return `${entries.length} of ${of}: ${atMost(namesOf(entries), MOST_NAMED).join(', ')}${said}`;
}

/** What deviates, by the object of which it is: `liveness and readiness of A`, `of B`. */
function namesOf(entries: readonly Entry[]): string[] {
  const parts = entries.map(({ subject }) => /^(.+?) of (.+)$/.exec(subject) ?? [subject, '', subject]);
  let before = '';
  return [...Map.groupBy(parts, ([, , object]) => object)].map(([object = '', found]) => {
    const things = [...new Set(found.map(([, thing = '']) => thing))].filter((thing) => thing !== '');
    if (things.length === 0) return object;
    const said = things.length === 2 ? things.join(' and ') : atMost(things, MOST_NAMED).join(', ');
    const same = said === before;
    before = said;
    return same ? `of ${object}` : `${said} of ${object}`;
  });
}

/** Why this history does not show everything. */
function gapsOf(history: History): string[] {
  return wholeRules(history)
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ text }) => text);
}

/** Names that stand in a list more than once. */
function doubled(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}
