import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import { faultEvidence, faultRule } from '../_judge/services/fault-trial.ts';
import { seconds } from '../_judge/outages/rto.ts';
import { streamGoalMs, streamRule } from '../_judge/stream-goals.ts';
import { trialOf } from '../_judge/trial.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { gapRule, reasonOf, worstOf } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { memberNames } from '../../../reports/record/facts/store-pods.ts';

type Asked = Seen<'query-answers'>;

type Answer = NonNullable<Asked['answers']>[number];

type Expected = Seen<'query-expected'>['answers'][number];

/** When queries are sent, and to whom. */
const ASKED = ['before members', 'before clients', 'after clients', 'healed members'] as const;

export const judge: CheckJudge = {
  judge: judgeQuery,
  evidence: () => [
    ...faultEvidence(),
    need('budget-estimate', { what: 'estimated cost of the fault' }),
    need('query-expected', { what: 'the expected answers' }),
    need('query-answers', { subjects: ASKED, of: ({ when, of }) => `${when} ${of}`, what: 'answers' }),
  ],
  trial: true,
};

/** Keys of an answer that are named in a finding. */
const MOST_NAMED = 5;

/**
 * Whatever was found before the fault must be found after it: by clients as soon as they get answers, and in every member's copy after
 * healing. A document that was missing before proves nothing, nor does a fault that did not land.
 */
function judgeQuery(history: History): Judgement {
  const judgement = judgeAnswers(history);
  const rules = [...(judgement.rules ?? []), answeredRule(history), faultRule(history)];
  const verdict = worstOf(rules);
  const reason = verdict === judgement.verdict ? judgement.reason : reasonOf(rules, judgement.reason);
  return { ...judgement, verdict, reason, rules };
}

/** Clients are asked on until every question is answered, which ends the outage of queries. */
function answeredRule(history: History): Rule {
  const id = 'answered';
  const { goals, settings } = history.header;
  const limitMs = streamGoalMs('queries', goals);
  const { landedMs } = trialOf(history);
  const asked = askedOf(history, 'after', 'clients');
  if (limitMs === null) return gapRule(id, 'the history states no goal for answers', '');
  if (landedMs === null || asked === undefined || asked.t < landedMs)
    return gapRule(id, 'no question was asked after the fault', '');
  // Controls wait before they ask.
  const tookMs = asked.t - landedMs - (settings.query?.askAfterMs ?? 0);
  const text = `clients had every answer ${seconds(tookMs)} s after the fault`;
  return streamRule(id, text, { loMs: tookMs, hiMs: tookMs }, limitMs);
}

function judgeAnswers(history: History): Judgement {
  const findings = new Findings(history).rule('before');
  const expected = first(history, 'query-expected')?.answers ?? [];
  if (expected.length === 0) findings.unknown('the questions', 'data to ask about', 'no data was created');
  else if (expected.some(({ answer }) => answer.length === 0))
    findings.unknown('the questions', 'an answer to each', 'a question whose expected answer is empty');
  else if (
    foundBefore(history, findings, expected) &&
    everyCopy(history, findings) &&
    landed(history, findings)
  ) {
    same(history, findings.rule('after'), { when: 'after', of: 'clients', expected });
    allBack(history, findings.rule('copies'));
    same(history, findings.rule('healed'), { when: 'healed', of: 'members', expected });
    known(history, findings.rule('sources'));
  }
  findings.figure({ name: 'questions', value: expected.length });
  return findings.conclude('the same answers after the fault as before it, from clients and in every copy');
}

function foundBefore(history: History, findings: Findings, expected: readonly Expected[]): boolean {
  const wrong = (['members', 'clients'] as const).flatMap((of) => {
    const asked = askedOf(history, 'before', of);
    const answers = answersOf(asked);
    if (answers === null) return [`${of}: ${detailOf(asked)}`];
    return differences(answers, expected);
  });
  if (wrong.length > 0)
    findings.unknown(
      'answers before the fault',
      'the data that was stored',
      wrong.slice(0, MOST_NAMED).join('; '),
    );
  return wrong.length === 0;
}

/** Every declared copy was queried by itself: one that was not may have lost data. */
function everyCopy(history: History, findings: Findings): boolean {
  const declared = declaredCopies(history.header);
  const copies = copiesIn(history, 'before');
  if (declared !== null && copies < declared)
    findings.unknown('the copies before the fault', `${declared} answer`, `${copies} answered`);
  return declared === null || copies >= declared;
}

/** Null: not declared. Where members are copies, each member is one. */
function declaredCopies({ check, settings }: HistoryHeader): number | null {
  if (!check.endsWith('/vector')) return null;
  const store = settings.stores?.['elasticsearch'];
  const replicas = Number(store?.durability?.['index.number_of_replicas']);
  return store === undefined || !Number.isInteger(replicas) ? null : Math.min(store.members, replicas + 1);
}

function copiesIn(history: History, when: Asked['when']): number {
  return new Set((answersOf(askedOf(history, when, 'members')) ?? []).map(({ source }) => source)).size;
}

function landed(history: History, findings: Findings): boolean {
  const { landedMs, missed, target } = trialOf(history);
  const leader = first(history, 'query-expected')?.leader ?? null;
  findings.rule('fault');
  if (landedMs === null) findings.unknown('the fault', 'landed', missed);
  // Where the data has no leader of its own, the leader of the store is the target.
  else if (leader !== null && target !== leader)
    findings.unknown('the fault', `hit ${leader}, which leads that data`, `hit ${target}`);
  else findings.expect('the fault', true, 'landed', `hit ${target}`);
  return landedMs !== null;
}

/** A lost copy gives no wrong answers, so copies are counted. They may move between members. */
function allBack(history: History, findings: Findings): void {
  const [before, healed] = [copiesIn(history, 'before'), copiesIn(history, 'healed')];
  const expected = `${before}, as before`;
  if (healed > 0 && healed < before)
    findings.expect('the copies after healing', false, expected, `${healed} answered`);
  else if (healed > before) findings.unknown('the copies after healing', expected, `${healed} answered`);
  else if (healed > 0) findings.expect('the copies after healing', true, expected, `${healed} answered`);
}

/** Every answer is from a known source, and each source answers each query once. */
function known(history: History, findings: Findings): void {
  const members = membersOf(history);
  for (const { when, of, answers } of all(history, 'query-answers')) {
    const subject = `who answered ${when === 'healed' ? 'after healing' : `${when} the fault`}`;
    const given = (answers ?? []).map(({ source, question }) => `${source}: ${question}`);
    const strange = (answers ?? []).find(({ source }) =>
      of === 'clients' ? source !== 'clients' : members !== null && !members.has(source),
    );
    if (new Set(given).size < given.length)
      findings.unknown(subject, 'one answer of each source to each question', 'more than one of a source');
    else if (strange !== undefined) findings.unknown(subject, `${of} of the store`, strange.source);
    else findings.expect(subject, true, `${of} of the store`, `${given.length} answers`);
  }
}

/** Pods of the store as its StatefulSets number them; null where the environment names none. */
function membersOf(history: History): Set<string> | null {
  const { check, settings } = history.header;
  const store = settings.stores?.[check.endsWith('/vector') ? 'elasticsearch' : 'neo4j'];
  const seen = all(history, 'query-answers').flatMap(({ answers }) =>
    (answers ?? []).map(({ source }) => source),
  );
  const names = store === undefined ? null : memberNames(store, seen);
  return names === null ? null : new Set(names);
}

function same(
  history: History,
  findings: Findings,
  of: { when: 'after' | 'healed'; of: Asked['of']; expected: readonly Expected[] },
): void {
  const asked = askedOf(history, of.when, of.of);
  const subject =
    of.when === 'after' ? 'answers to clients after the fault' : 'answers of the copies after healing';
  const answers = answersOf(asked);
  if (asked === undefined) findings.unknown(subject, 'asked', 'no question was asked');
  else if (answers === null) findings.expect(subject, false, 'every question answered', detailOf(asked));
  else {
    const wrong = differences(answers, of.expected);
    if (wrong.length === 0)
      findings.expect(subject, true, 'as before', `${answers.length} answers as before`);
    for (const one of wrong) findings.expect(subject, false, 'as before', one);
  }
}

/** Every source must answer every question, and as expected. */
function differences(answers: readonly Answer[], expected: readonly Expected[]): string[] {
  const sources = [...new Set(answers.map(({ source }) => source))];
  if (sources.length === 0) return ['no answer'];
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

function askedOf(history: History, when: Asked['when'], of: Asked['of']): Asked | undefined {
  return all(history, 'query-answers').find((one) => one.when === when && one.of === of);
}

function answersOf(asked: Asked | undefined): readonly Answer[] | null {
  return asked?.answers ?? null;
}

function detailOf(asked: Asked | undefined): string {
  return asked === undefined ? 'not asked' : asked.detail;
}
