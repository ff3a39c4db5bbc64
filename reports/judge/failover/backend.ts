import type { History } from '../../record/history.ts';
import type { Figure, Judgement } from '../../record/judgement.ts';
import type { FailoverRecord, RequestSums } from '../../record/run-record.ts';
import type { Verdict } from '../../record/verdict.ts';
import { decideProportion } from '../statistics.ts';
import type { ProportionDecision } from '../statistics.ts';
import { gapsOf, inOneJudgement, leftBehind, recordOf, watch } from './deployment.ts';
import type { Watched, Window } from './deployment.ts';
import { MAX_LAG_MS } from './generator.ts';
import { MIN_ACKNOWLEDGED } from './verdict.ts';

interface Goals extends Window {
  failedRatio: number;
}
/** As long as it usually is: what the sums are shown over where the history states no goals. */
const USUAL: Window = { windowMs: 120_000, allowanceMs: 0 };

interface Judged {
  record: FailoverRecord;
  decision: ProportionDecision | null;
}

/**
 * Requests through the edge under a fault of the backend. What is claimed follows from the sample: the one-sided 95 % bounds of the
 * share of good answers against the goal. Requests of one fault are no independent trials, so the seconds with a failure
 * are shown beside them.
 */
export function judgeBackend(histories: readonly History[]): Judgement {
  const [first] = histories;
  const goals = first === undefined ? null : goalsOf(first);
  return inOneJudgement(histories.map(judgeTrial), {
    expected: expectedText(goals),
    seen: ({ record: { requests } }) => (requests === undefined ? 'nothing' : seenText(requests)),
    figures: (telling) => figuresOf(telling, goals),
  });
}

function judgeTrial(history: History): Judged {
  const goals = goalsOf(history);
  const watched = watch(history, goals ?? USUAL);
  const { requests } = watched;
  const decision =
    goals === null ? null : decideProportion(requests.ok, requests.judged, 1 - goals.failedRatio);
  return { record: { ...recordOf(watched), ...verdictOf(watched, goals, decision) }, decision };
}

function verdictOf(
  watched: Watched,
  goals: Goals | null,
  decision: ProportionDecision | null,
): { verdict: Verdict; reason: string } {
  const { requests, history } = watched;
  const failures = [...tooMany(watched, goals, decision), ...leftBehind(watched)];
  if (failures.length > 0) return { verdict: 'fail', reason: failures.join('; ') };
  if (history.writes.count === 0) return { verdict: 'inconclusive', reason: 'no request was recorded' };
  if (goals === null)
    return {
      verdict: 'inconclusive',
      reason: 'the history states no goals for failed requests and their window',
    };
  const own = decision?.verdict === 'inconclusive' ? open(requests, goals, decision) : null;
  const gaps = gapsOf(watched, [own], MIN_ACKNOWLEDGED);
  if (gaps.length > 0) return { verdict: 'inconclusive', reason: gaps.join('; ') };
  return { verdict: 'pass', reason: `${seenText(requests)}${detectedText(requests)}` };
}

function tooMany(
  { requests, measured }: Watched,
  goals: Goals | null,
  decision: ProportionDecision | null,
): string[] {
  const landed = measured.evidence.trial.landedMs !== null;
  if (goals === null || decision?.verdict !== 'fail' || !landed) return [];
  return [`${seenText(requests)}; allowed: ${percent(goals.failedRatio)}`];
}

function open(requests: RequestSums, goals: Goals, { lower, samplesToDecide }: ProportionDecision): string {
  const more = samplesToDecide === null ? '' : `; ${samplesToDecide} requests would decide`;
  return `${seenText(requests)}: with 95 % certainty at most ${percent(1 - lower)}, the goal of ${percent(goals.failedRatio)} lies in between${more}`;
}

function goalsOf({ header: { goals } }: History): Goals | null {
  const { failedRatio, windowSeconds, detectionSeconds } = goals;
  if (typeof failedRatio !== 'number' || typeof windowSeconds !== 'number') return null;
  const allowance = typeof detectionSeconds === 'number' ? detectionSeconds : 0;
  return { failedRatio, windowMs: windowSeconds * 1000, allowanceMs: allowance * 1000 };
}

function seenText(requests: RequestSums): string {
  const bad = requests.judged - requests.ok;
  const from = requests.allowanceMs > 0 ? ` from ${requests.allowanceMs / 1000} s after the fault on` : '';
  const share = requests.judged === 0 ? '' : ` (${percent(bad / requests.judged)})`;
  const seconds = bad === 0 ? '' : ` in ${requests.secondsWithFailures} of ${requests.seconds} s`;
  return `${bad} of ${requests.judged} requests failed${share}${seconds}${from}`;
}

/** Within the time that is allowed: how long it really took. */
function detectedText({ allowanceMs, lastFailureMs }: RequestSums): string {
  if (allowanceMs === 0) return '';
  return lastFailureMs === null
    ? '; none before it either'
    : `; the last failure ended ${Math.round(lastFailureMs / 100) / 10} s after it`;
}

function expectedText(goals: Goals | null): string {
  if (goals === null) return 'goals';
  const { failedRatio, windowMs, allowanceMs } = goals;
  const within = `in the ${windowMs / 1000} s after the fault`;
  const ratio = `at most ${percent(failedRatio)} of the requests through the edge fail ${within}`;
  return allowanceMs === 0 ? ratio : `${ratio}, once ${allowanceMs / 1000} s for detecting it have passed`;
}

function figuresOf(
  { record: { requests, generatorLagMs }, decision }: Judged,
  goals: Goals | null,
): Figure[] {
  if (requests === undefined || goals === null) return [];
  const bad = requests.judged - requests.ok;
  const share = requests.judged === 0 ? null : Number(((bad / requests.judged) * 100).toFixed(4));
  const figures: Figure[] = [
    { name: 'failed requests', value: share, unit: '%', goal: goals.failedRatio * 100 },
    {
      name: 'failed share, upper 95 % bound',
      value: decision === null ? null : rounded((1 - decision.lower) * 100),
      unit: '%',
    },
    { name: 'requests judged', value: requests.judged },
    {
      name: 'seconds with a failed request',
      value: `${requests.secondsWithFailures} of ${requests.seconds}`,
    },
  ];
  const lastFailure = requests.lastFailureMs === null ? 'none failed' : requests.lastFailureMs / 1000;
  const last: Figure = { name: 'last failure after the fault', value: lastFailure, unit: 's' };
  figures.push(goals.allowanceMs === 0 ? last : { ...last, goal: goals.allowanceMs / 1000 });
  figures.push({ name: 'generator lag, p99', value: generatorLagMs.p99, unit: 'ms', goal: MAX_LAG_MS });
  return figures;
}

const percent = (share: number): string => `${rounded(share * 100)} %`;
const rounded = (value: number): number => Number(value.toFixed(3));
