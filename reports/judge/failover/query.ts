import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, seen, text } from '../topology/findings.ts';

interface Answer {
  source: string;
  question: string;
  answer: string[];
}

/** Keys of an answer that are named in a finding. */
const MOST_NAMED = 5;

/**
 * What was found before the fault must be found after it: by clients as soon as they are answered again, and in every member's own
 * copy after healing. What was not found before proves nothing, nor does a fault that did not land.
 */
export function judgeQuery(history: History): Judgement {
  const findings = new Findings(history);
  const expected = answersOf(seen(history, 'expected')[0]) ?? [];
  if (expected.length === 0) findings.unknown('the questions', 'data to ask about', 'it was not made');
  else if (foundBefore(history, findings, expected) && landed(history, findings)) {
    same(history, findings, { when: 'after', of: 'clients', expected });
    allBack(history, findings);
    same(history, findings, { when: 'healed', of: 'members', expected });
  }
  findings.figure({ name: 'questions', value: expected.length });
  return findings.conclude('the same answers after the fault as before it, from clients and in every copy');
}

function foundBefore(history: History, findings: Findings, expected: readonly Answer[]): boolean {
  const wrong = (['members', 'clients'] as const).flatMap((of) => {
    const asked = askedOf(history, 'before', of);
    const answers = answersOf(asked);
    if (answers === null) return [`${of}: ${detailOf(asked)}`];
    return differences(answers, expected);
  });
  if (wrong.length > 0)
    findings.unknown('answers before the fault', 'what was put in', wrong.slice(0, MOST_NAMED).join('; '));
  return wrong.length === 0;
}

function landed(history: History, findings: Findings): boolean {
  const proved = seen(history, 'fault-landed')[0];
  if (proved !== undefined) return true;
  const missed = seen(history, 'fault-missed')[0];
  findings.unknown('the fault', 'landed', missed === undefined ? 'not proved' : text(missed, 'reason'));
  return false;
}

/** A copy that is gone gives no wrong answers. Which member holds a copy may change, how many there are may not. */
function allBack(history: History, findings: Findings): void {
  const steady = seen(history, 'steady-after')[0];
  if (steady === undefined) findings.note('whether all members were back after healing was not recorded');
  else
    findings.expect('the members after healing', steady['ok'] === true, 'all back', text(steady, 'detail'));
  const copies = (when: string): number =>
    new Set((answersOf(askedOf(history, when, 'members')) ?? []).map(({ source }) => source)).size;
  const [before, healed] = [copies('before'), copies('healed')];
  if (healed > 0 && healed < before)
    findings.expect('the copies after healing', false, `${before}, as before`, `${healed} answered`);
}

function same(
  history: History,
  findings: Findings,
  of: { when: 'after' | 'healed'; of: 'clients' | 'members'; expected: readonly Answer[] },
): void {
  const asked = askedOf(history, of.when, of.of);
  const subject =
    of.when === 'after' ? 'answers to clients after the fault' : 'answers of the copies after healing';
  const answers = answersOf(asked);
  if (asked === undefined) findings.unknown(subject, 'asked', 'nobody was asked');
  else if (answers === null) findings.expect(subject, false, 'every question answered', detailOf(asked));
  else {
    const wrong = differences(answers, of.expected);
    if (wrong.length === 0)
      findings.expect(subject, true, 'as before', `${answers.length} answers as before`);
    for (const one of wrong) findings.expect(subject, false, 'as before', one);
  }
}

/** Every source must answer every question, and as expected. */
function differences(answers: readonly Answer[], expected: readonly Answer[]): string[] {
  const sources = [...new Set(answers.map(({ source }) => source))];
  if (sources.length === 0) return ['nobody answered'];
  return sources.flatMap((source) =>
    expected.flatMap(({ question, answer: wanted }) => {
      const found = answers.find((one) => one.source === source && one.question === question)?.answer;
      if (found === undefined) return [`${source} did not answer ${question}`];
      if (JSON.stringify(found) === JSON.stringify(wanted)) return [];
      return [`${source}, ${question}: ${changed(found, wanted)}`];
    }),
  );
}

function changed(found: readonly string[], wanted: readonly string[]): string {
  const name = (keys: readonly string[]): string =>
    `${keys.slice(0, MOST_NAMED).join(', ')}${keys.length > MOST_NAMED ? ', …' : ''}`;
  const missing = wanted.filter((key) => !found.includes(key));
  const more = found.filter((key) => !wanted.includes(key));
  if (missing.length + more.length === 0) return `in another order: ${name(found)}`;
  const extra = more.length > 0 ? `; instead ${name(more)}` : '';
  return `${missing.length} of ${wanted.length} missing (${name(missing)})${extra}`;
}

function askedOf(history: History, when: string, of: string): Observation | undefined {
  return seen(history, 'answers').find((one) => text(one, 'when') === when && text(one, 'of') === of);
}

function answersOf(asked: Observation | undefined): Answer[] | null {
  const answers: unknown = asked?.['answers'];
  return Array.isArray(answers) ? (answers as Answer[]) : null;
}

function detailOf(asked: Observation | undefined): string {
  return asked === undefined ? 'not asked' : text(asked, 'detail');
}
