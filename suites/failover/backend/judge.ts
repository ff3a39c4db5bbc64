import { allRules } from '../../../reports/judge/definition.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import {
  inOneJudgement,
  judgedRecord,
  refusedFigures,
  trialRules,
  watch,
} from '../_judge/services/deployment.ts';
import type { Watched, Window } from '../_judge/services/deployment.ts';
import { MAX_LAG_MS } from '../_judge/outages/generator.ts';
import { costEvidence, faultRule, requestEvidence } from '../_judge/services/fault-trial.ts';
import { MIN_ACKNOWLEDGED } from '../_judge/outages/rto.ts';
import { percentAtMost, percentDeclared } from '../../../reports/judge/slo/percent.ts';
import { decideShare } from '../../../reports/judge/slo/share.ts';
import type { ShareDecision } from '../../../reports/judge/slo/share.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Figure, Judgement } from '../../../reports/record/judgement.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { refusedText, refusedTotal } from '../../../reports/record/refusals.ts';
import type { Refused } from '../../../reports/record/refusals.ts';
import type { FailoverRecord, RequestSums } from '../../../reports/record/run-record.ts';

interface Goals extends Window {
  failedRatio: number;
}

/** Default window for the sums where the history has no goals. */
const USUAL: Window = { windowMs: 120_000, allowanceMs: 0 };

interface Judged {
  record: FailoverRecord;
  rules: Rule[];
  watched: Watched;
  decision: ShareDecision | null;
}

export const judge: CheckJudge = {
  judge: (history) => judgeBackend([history]),
  evidence: (header) => [...requestEvidence(), ...costEvidence(header)],
  trial: true,
  over: judgeBackend,
};

/**
 * Requests through the edge under a fault of the backend. The goal is for the window after the fault, of which every request was
 * observed: too many failures are counted by request. A pass must also hold when failures that came together count as one event, as for
 * any other proportion.
 */
export function judgeBackend(histories: readonly History[]): Judgement {
  const [first] = histories;
  const goals = first === undefined ? null : goalsOf(first);
  return inOneJudgement(histories.map(judgeTrial), {
    expected: expectedText(goals),
    seen: ({ record: { requests }, watched }) =>
      requests === undefined ? 'nothing' : seenText(requests, watched.refused),
    figures: (telling) => figuresOf(telling, goals),
  });
}

function judgeTrial(history: History): Judged {
  const goals = goalsOf(history);
  const watched = watch(history, goals ?? USUAL);
  const decision = goals === null ? null : decideShare(watched.sample, 1 - goals.failedRatio);
  const { requests } = watched;
  const own = [
    ...trialRules(watched, MIN_ACKNOWLEDGED),
    goals === null || decision === null ? NO_GOALS : failedRule(watched, goals, decision),
    faultRule(history),
  ];
  const rules = allRules(own, history, judge);
  const record = judgedRecord(
    watched,
    rules,
    `${seenText(requests, watched.refused)}${detectedText(requests)}`,
  );
  return { record, rules, watched, decision };
}

const NO_GOALS: Rule = {
  id: 'goals',
  verdict: 'inconclusive',
  text: 'the history lacks the goal for failed requests (failedRatio) or their window (windowSeconds)',
};

function failedRule({ requests, measured, refused }: Watched, goals: Goals, decision: ShareDecision): Rule {
  const id = 'requests/failed';
  const landed = measured.evidence.trial.landedMs !== null;
  if (landed && decision.byRequest.verdict === 'fail')
    return {
      id,
      verdict: 'fail',
      ofTime: true,
      text: `${seenText(requests, refused)}; allowed: ${percentDeclared(goals.failedRatio)} %`,
    };
  if (decision.verdict === 'pass') return { id, verdict: 'pass', text: seenText(requests, refused) };
  const said = refusedText(refused, requests.judged);
  const open = openText(requests, { goals, decision, refused });
  return { id, verdict: 'inconclusive', text: said === '' ? open : `${said}; ${open}` };
}

function openText(
  requests: RequestSums,
  { goals, decision, refused }: { goals: Goals; decision: ShareDecision; refused: Refused },
): string {
  const { byRequest, clustering, effective, lower, samplesToDecide } = decision;
  const more = samplesToDecide === null ? '' : `; ${samplesToDecide} requests would be enough to decide`;
  const together =
    byRequest.verdict === 'pass'
      ? `; about ${rounded(clustering.designEffect)} failures occur together, so these requests count as ${Math.floor(effective.samples)} independent ones`
      : '';
  return `${seenText(requests, refused)}${together}: with 95 % certainty at most ${percentAtMost(1 - lower, 3)} % fail, which does not prove the goal of ${percentDeclared(goals.failedRatio)} %${more}`;
}

function goalsOf({ header: { goals } }: History): Goals | null {
  const { failedRatio, windowSeconds, detectionSeconds = 0 } = goals;
  if (failedRatio === undefined || windowSeconds === undefined) return null;
  return { failedRatio, windowMs: windowSeconds * 1000, allowanceMs: detectionSeconds * 1000 };
}

/** Refused requests are none of the service's: they are told apart. */
function seenText(requests: RequestSums, refused: Refused): string {
  const bad = requests.judged - requests.ok - refusedTotal(refused);
  const from =
    requests.allowanceMs > 0 ? `, counted from ${requests.allowanceMs / 1000} s after the fault` : '';
  const share = requests.judged === 0 ? '' : ` (${percentAtMost(bad / requests.judged, 3)} %)`;
  const seconds = bad === 0 ? '' : ` in ${requests.secondsWithFailures} of ${requests.seconds} s`;
  return `${bad} of ${requests.judged} requests failed${share}${seconds}${from}`;
}

/** The time that detection really took, for the text of a pass. */
function detectedText({ allowanceMs, lastFailureMs }: RequestSums): string {
  if (allowanceMs === 0) return '';
  return lastFailureMs === null
    ? '; none failed before that either'
    : `; the last failure ended ${Math.round(lastFailureMs / 100) / 10} s after the fault`;
}

function expectedText(goals: Goals | null): string {
  if (goals === null) return 'goals';
  const { failedRatio, windowMs, allowanceMs } = goals;
  const within = `in the ${windowMs / 1000} s after the fault`;
  const ratio = `at most ${percentDeclared(failedRatio)} % of the requests through the edge fail ${within}`;
  return allowanceMs === 0
    ? ratio
    : `${ratio}, not counting the first ${allowanceMs / 1000} s, in which the fault may still be undetected`;
}

function figuresOf(
  { record: { requests, generatorLagMs }, watched, decision }: Judged,
  goals: Goals | null,
): Figure[] {
  if (requests === undefined || goals === null) return [];
  const bad = requests.judged - requests.ok - refusedTotal(watched.refused);
  const share = requests.judged === 0 ? null : percentAtMost(bad / requests.judged, 4);
  const figures: Figure[] = [
    {
      name: 'failed requests',
      value: share,
      unit: '%',
      goal: `≤ ${percentDeclared(goals.failedRatio)}`,
    },
    {
      name: 'failed share, upper 95 % bound',
      value: decision === null ? null : percentAtMost(1 - decision.lower, 3),
      unit: '%',
    },
    { name: 'requests judged', value: requests.judged },
    ...refusedFigures(watched),
    {
      name: 'seconds with a failed request',
      value: `${requests.secondsWithFailures} of ${requests.seconds}`,
    },
  ];
  const lastFailure = requests.lastFailureMs === null ? 'none failed' : requests.lastFailureMs / 1000;
  const last: Figure = { name: 'last failure after the fault', value: lastFailure, unit: 's' };
  figures.push(goals.allowanceMs === 0 ? last : { ...last, goal: `≤ ${goals.allowanceMs / 1000}` });
  figures.push({
    name: 'generator lag, p99',
    value: generatorLagMs.p99,
    unit: 'ms',
    goal: `≤ ${MAX_LAG_MS}`,
  });
  return figures;
}

const rounded = (value: number): number => Number(value.toFixed(3));
