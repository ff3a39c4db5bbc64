import type { Seen } from '../../reports/record/observations/index.ts';
import { all, first } from '../../reports/judge/observed.ts';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { seriesOf } from '../../reports/judge/definition.ts';
import { exemptionsIn, keyOf, once, unmatchedIn } from '../../reports/judge/exemptions.ts';
import type { Identity } from '../../reports/judge/identity.ts';
import { refusalText } from '../../reports/judge/unavailable.ts';
import type { CheckJudge, Series } from '../../reports/judge/definition.ts';
import { judgeOf } from '../../suites/catalogue/loaded.ts';
import type { History, Observation } from '../../reports/record/history/history.ts';
import type { Evidence, Exemption, Judgement } from '../../reports/record/judgement.ts';
import type { Pressure } from '../../reports/record/pressure.ts';
import type { Digest } from '../../reports/record/run-record.ts';
import { differencesIn } from './digests.ts';
import { bareJudgement } from './outcome.ts';
import { readHistory, trialFolders } from '../../reports/record/history/read-history.ts';
import { checkFolderName, trialFolder } from './run-folder.ts';
import { planOf } from './run-history.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';

/** What is kept of a trial once it was judged: a series of a hundred must not be in memory at once. */
interface Judged {
  trial: number;
  evidence: Evidence[];
  /** What the environment file let off in it. */
  exemptions: Exemption[];
  /** Which entries of that file matched nothing in it. */
  unmatched: Exemption[];
  /** Nothing was observed: there is only the runner's own verdict. */
  empty: boolean;
  /** The runner's own verdict on it: it crashed, it was cut off, it could not be run. */
  own: Seen<'runner-verdict'> | undefined;
  pressure: Pressure | null;
}

/**
 * The verdict of a check from its histories alone. Never throws: a history that cannot be read, and a judge that cannot be loaded or
 * crashes, are `inconclusive` and say so.
 * @param digests of run.json; of a trial without one, files are taken as they are
 */
export async function judgeCheck(
  histories: string,
  check: string,
  digests: readonly Digest[] = [],
): Promise<Judgement> {
  let of: CheckJudge | undefined;
  try {
    of = await judgeOf(check);
  } catch (error) {
    return bareJudgement('inconclusive', `its judge cannot be loaded: ${errorText(error)}`);
  }
  if (of === undefined) return bareJudgement('inconclusive', `no built check is called ${check}`);
  const trials: Judged[] = [];
  let judging: Series;
  try {
    judging = oneByOne(seriesOf(of, { check, run: runOf(histories) }));
    for await (const history of readTrials(histories, check, digests)) {
      judging.add(history);
      trials.push(judgedOf(history));
    }
  } catch (error) {
    return bareJudgement('inconclusive', `the history cannot be read: ${errorText(error)}`);
  }
  if (trials.length === 0) return bareJudgement('inconclusive', 'the check recorded nothing');
  const judgement = withEvidence(
    safely(() => judging.judgement()),
    trials,
  );
  return withRunnerVerdict(withExemptions(withPressure(judgement, trials), trials), trials);
}

/** Undefined: they are of no run of their own, such as those of a control. */
function runOf(histories: string): Identity['run'] {
  const plan = planOf(histories);
  if (plan === null) return undefined;
  const { id, environment, apiAddress } = plan;
  return { id, environment, apiAddress };
}

/** The histories of a check, one at a time, each with how its files differ from their digests. */
async function* readTrials(
  histories: string,
  check: string,
  digests: readonly Digest[],
): AsyncGenerator<History> {
  const folder = join(histories, checkFolderName(check));
  const folders = existsSync(folder) ? await trialFolders(folder) : [];
  const changed = await differencesIn(histories, check, digests);
  const there = new Set(folders.map((one) => basename(one)));
  // A whole trial that was taken away is missing in what any other one proves.
  const gone = [...changed].flatMap(([trial, files]) => (there.has(trial) ? [] : files));
  for (const one of folders) {
    const own = changed.get(basename(one));
    const files = own === undefined && gone.length === 0 ? undefined : [...gone, ...(own ?? [])];
    const history = await readHistory(one);
    const { trial } = history.header;
    if (one !== trialFolder(histories, check, trial))
      throw new Error(`${basename(one)} holds trial ${trial}`);
    yield { ...history, ...(files !== undefined && { changed: files }) };
  }
}

/**
 * Adds what was let off in any trial, and what matched nothing in every one; a pass says in its reason that it is not about everything. Entries that
 * matched nothing change no verdict.
 */
function withExemptions(judgement: Judgement, trials: readonly Judged[]): Judgement {
  const exemptions = once(trials.flatMap((trial) => trial.exemptions));
  const unmatchedExemptions = (trials[0]?.unmatched ?? []).filter((entry) =>
    trials.every(({ unmatched }) => unmatched.some((one) => keyOf(one) === keyOf(entry))),
  );
  const { verdict, reason } = judgement;
  const said =
    verdict === 'pass' && exemptions.length > 0
      ? `${reason}; ${exemptions.length} let off by the environment file`
      : reason;
  return {
    ...judgement,
    reason: said,
    ...(exemptions.length > 0 && { exemptions }),
    ...(unmatchedExemptions.length > 0 && { unmatchedExemptions }),
  };
}

/** Adds the pressure of the trial in which the machine or the nodes were busiest. */
function withPressure(judgement: Judgement, trials: readonly Judged[]): Judgement {
  const known = trials.flatMap(({ pressure }) => (pressure === null ? [] : [pressure]));
  const [most] = known.toSorted((a, b) => busyness(b) - busyness(a));
  return most === undefined ? judgement : { ...judgement, pressure: most };
}

const busyness = ({ cpu, others }: Pressure): number => (cpu ?? others)?.mean ?? 0;

/** As the given series; a trial that crashes its judge is thrown only after all others were judged. */
function oneByOne(series: Series): Series {
  const crashes: unknown[] = [];
  return {
    add: (history) => {
      try {
        series.add(history);
      } catch (error) {
        crashes.push(error);
      }
    },
    judgement: () => {
      if (crashes.length > 0) throw crashes[0];
      return series.judgement();
    },
  };
}

function judgedOf(history: History): Judged {
  const { header, observations, pressure = null } = history;
  const own = first({ observations }, 'runner-verdict');
  return {
    trial: header.trial,
    evidence: piecesOf(observations),
    exemptions: exemptionsIn(history),
    unmatched: unmatchedIn(history),
    empty: observations.every(({ kind }) => kind === 'runner-verdict'),
    own,
    pressure,
  };
}

/** Limits of logs and events in a record; the histories have all of them. */
const MAX_EVIDENCE = 40;
const MAX_EVIDENCE_CHARS = 200_000;

/**
 * Adds logs and events that were recorded beside the observations, for people; no verdict rests on them. Failed trials come first, then
 * inconclusive ones.
 */
function withEvidence(judgement: Judgement, trials: readonly Judged[]): Judgement {
  const rank = { fail: 0, inconclusive: 1, pass: 2, 'not-run': 3 } as const;
  const rankOf = ({ trial }: Judged): number =>
    rank[judgement.trials?.find((record) => record.trial === trial)?.verdict ?? 'pass'];
  const all = trials
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .flatMap(({ trial, evidence }) =>
      evidence.map((piece) =>
        trials.length > 1 ? { ...piece, source: `trial ${trial}: ${piece.source}` } : piece,
      ),
    );
  let chars = 0;
  const kept = all.slice(0, MAX_EVIDENCE).filter(({ text }) => (chars += text.length) <= MAX_EVIDENCE_CHARS);
  const left = all.length - kept.length;
  const note = { source: 'evidence', text: `${left} more pieces of evidence are in the histories` };
  return { ...judgement, evidence: [...judgement.evidence, ...kept, ...(left > 0 ? [note] : [])] };
}

/** With the whole text of each refusal of which the verdict says only the missing right. */
function piecesOf(observations: readonly Observation[]): Evidence[] {
  const refused = new Map(
    all({ observations }, 'unavailable').map((one) => [refusalText(one) ?? '', `${one.what} unavailable`]),
  );
  refused.delete('');
  return [
    ...[...refused].map(([text, source]) => ({ source, text })),
    ...all({ observations }, 'evidence').map(({ source, text, at }) => ({
      source,
      text,
      ...(at !== undefined && at !== '' && { at }),
    })),
  ];
}

/**
 * What happened to the check itself (it crashed, it was cut off, it could not be run) is in its history, so that judging again gives the
 * same verdict. That is never better than `inconclusive`. What the trials proved wrong stays proved; a trial without observations proves
 * nothing.
 */
function withRunnerVerdict(judgement: Judgement, trials: readonly Judged[]): Judgement {
  const own = trials.find((trial) => trial.own !== undefined)?.own;
  if (!own) return judgement;
  const text = own.message;
  const evidence = [...judgement.evidence, { source: 'the runner', text }];
  const said = text.split('\n', 1)[0] ?? text;
  const { verdict } = own;
  if (trials.every(({ empty }) => empty))
    return { ...bareJudgement(verdict, said), expected: judgement.expected, evidence };
  if (judgement.verdict === 'fail')
    return {
      ...judgement,
      reason: said === '' ? judgement.reason : `${judgement.reason}; then ${said}`,
      evidence,
    };
  return { ...judgement, verdict, reason: said, evidence };
}

function safely(judge: () => Judgement): Judgement {
  try {
    return judge();
  } catch (error) {
    const judgement = bareJudgement('inconclusive', `the judge crashed: ${errorText(error)}`);
    return { ...judgement, evidence: [{ source: 'stack of the judge', text: stackOf(error) }] };
  }
}
