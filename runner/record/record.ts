import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { whyNotRun } from '../../suites/catalogue/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { matchesAny } from '../../env/globs.ts';
import type { Environment } from '../../env/schema.ts';
import { redactedJson, withoutTokens } from '../../probes/redact.ts';
import { withoutMatched } from '../../reports/judge/exemptions.ts';
import { atMost } from '../../reports/record/at-most.ts';
import { composeRun } from '../../reports/record/compose.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { parseRun } from '../../reports/record/parse-run.ts';
import { RUN_SCHEMA, type CheckResult, type RunRecord } from '../../reports/record/run-record.ts';
import type { Scope } from '../../reports/record/verdict.ts';
import { renderAll } from '../../reports/index.ts';
import { sizeOf } from '../plan/environment-parts.ts';
import { bareOutcome, type Outcome } from './outcome.ts';
import { digestsOf } from './digests.ts';
import { CHECKOUT } from '../../host/paths.ts';
import { writeFileAtomically, type RunFolder } from './run-folder.ts';

/** What a run record is made of. */
export interface RecordParts {
  folder: RunFolder;
  command: string;
  /** What repeats it, where that is no `run` of the one check: a drill with its options. */
  rerun?: string | undefined;
  environment: Environment;
  profile: string | null;
  scope: Scope;
  startedAt: Date;
  interrupted: string | null;
  blocked: string | null;
  planned: readonly PlannedCheck[];
  outcomes: ReadonlyMap<string, Outcome>;
  notes: string[];
  cluster: { uid: string; version: string; nodes: number | null } | null;
  apiCalls: RunRecord['apiCalls'];
  restored: RunRecord['restored'];
  /** What went wrong in the harness itself; null: nothing. */
  harnessFailure: string | null;
}

/** Assembles the record from what is known; pure apart from the commit and version of this checkout. */
export function assembleRecord(parts: RecordParts): RunRecord {
  const { environment, planned, outcomes, restored, interrupted, scope, blocked, harnessFailure } = parts;
  const checks = withoutMatched(
    planned.map((one) => resultOf(one, outcomes.get(one.row.id), environment, parts.rerun)),
  );
  const { name, readOnly } = environment;
  const about = { environment: name, scope, readOnly, blocked, interrupted, restored, harnessFailure };
  const composed = composeRun(checks, about);
  return {
    schema: RUN_SCHEMA,
    id: parts.folder.id,
    command: parts.command,
    environment: {
      name: environment.name,
      kind: environment.kind,
      size: sizeOf(environment) ?? null,
      clusterUid: parts.cluster?.uid ?? null,
      clusterVersion: parts.cluster?.version ?? null,
      nodes: parts.cluster?.nodes ?? null,
      file: environment.file,
    },
    harness: { version: versionOf(), commit: commitOf(), node: process.version },
    profile: parts.profile,
    scope,
    startedAt: parts.startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    interrupted,
    ...limitsOf(parts),
    verdict: composed.verdict,
    sentence: composed.sentence,
    reasons: composed.reasons,
    exitCode: composed.exitCode,
    checks,
    // They are taken when the record is written: until then histories are written and redacted.
    digests: [],
    assumedGoals: planned.filter((one) => one.notRun === null && one.goalSource === 'assumed').length,
    notes: [...parts.notes, ...optionalNotes(parts)],
    apiCalls: parts.apiCalls,
    restored,
  };
}

/** Checks named in a note of what a profile lets off. */
const MOST_NAMED = 5;

/** Checks that could run here, were not run, and are not required because the profile lets them off (`optional`): which, and why. */
function optionalNotes({ environment, profile, scope, planned }: RecordParts): string[] {
  const declared = profile === null ? undefined : environment.profiles[profile];
  if (declared === undefined || scope !== 'profile') return [];
  const left = planned.filter(
    ({ row, required, notRun }) => !required && notRun !== null && whyNotRun(environment, row, null) === null,
  );
  return declared.optional.flatMap(({ checks, reason }) => {
    const ids = left.map(({ row }) => row.id).filter((id) => matchesAny(checks, id));
    if (ids.length === 0) return [];
    const named = atMost(ids, MOST_NAMED).join(', ');
    return [
      `Profile ${profile} lets ${ids.length} of its checks be not run, and they were not: ${named} (${reason}).`,
    ];
  });
}

/** What kept a run from more: fields that are left out where nothing did. */
function limitsOf({ blocked, environment }: RecordParts): Pick<RunRecord, 'blocked' | 'readOnly'> {
  return {
    ...(blocked !== null && { blocked }),
    ...(environment.readOnly === true && { readOnly: true }),
  };
}

const SIMULATED_DEVICES = 'GPU pool (simulated devices)';

/** The catalogue's stubs, and simulated devices where an environment has them: elsewhere the same checks see real ones. */
function stubbedOf({ row }: PlannedCheck, { gpu }: Judgement): string[] {
  return [...(row.stubbed ?? []), ...(gpu?.simulated === true ? [SIMULATED_DEVICES] : [])];
}

/** Fields that only some judgements have. */
function detailsOf(judgement: Judgement): Partial<CheckResult> {
  const { exemptions, unmatchedExemptions, goals, load, scaling, gpu, telemetry, pressure } = judgement;
  return {
    ...(exemptions !== undefined && { exemptions }),
    ...(unmatchedExemptions !== undefined && { unmatchedExemptions }),
    ...(goals !== undefined && { goals }),
    ...(load !== undefined && { load }),
    ...(scaling !== undefined && { scaling }),
    ...(gpu !== undefined && { gpu }),
    ...(telemetry !== undefined && { telemetry }),
    ...(pressure !== undefined && { pressure }),
  };
}

/** One check as the record holds it. Without an outcome it was not run, or was planned and never ran. */
export function resultOf(
  planned: PlannedCheck,
  outcome: Outcome | undefined,
  { envOption, readOnly }: Pick<Environment, 'envOption' | 'readOnly'>,
  rerun?: string,
): CheckResult {
  const { row } = planned;
  const known = outcome ?? unknownOutcome(planned);
  const { judgement } = known;
  return {
    id: row.id,
    suite: row.id.split('/', 1)[0] ?? row.id,
    title: row.title,
    section: row.section,
    goal: planned.goalText,
    goalSource: planned.goalSource,
    required: planned.required,
    built: row.built,
    stubbed: stubbedOf(planned, judgement),
    ...(row.notMet !== undefined && { notMet: row.notMet }),
    verdict: judgement.verdict,
    reason: judgement.reason,
    ...(judgement.verdict === 'not-run' && byOf(planned)),
    ...(judgement.rules !== undefined && { rules: judgement.rules }),
    expected: judgement.expected,
    seen: judgement.seen,
    figures: judgement.figures,
    findings: judgement.findings,
    findingsTotal: judgement.findingsTotal,
    evidence: judgement.evidence,
    trials: judgement.trials ?? [],
    ...detailsOf(judgement),
    steps: known.steps,
    startedAt: known.startedAt,
    durationMs: known.durationMs,
    apiCalls: known.apiCalls,
    history: known.history,
    rerun:
      rerun ??
      `npx plumbline run --env ${envOption} --check ${row.id}${readOnly === true ? ' --read-only' : ''}`,
  };
}

function byOf({ notRun }: PlannedCheck): Pick<CheckResult, 'notRunBy' | 'lacks'> {
  if (notRun === null) return {};
  return { notRunBy: notRun.by, ...(notRun.lacks !== undefined && { lacks: notRun.lacks }) };
}

function unknownOutcome({ notRun }: PlannedCheck): Outcome {
  return notRun === null
    ? bareOutcome('inconclusive', 'it was planned and never ran')
    : bareOutcome('not-run', notRun.text);
}

/** Evidence quotes others: what looks like a token is taken out as well, after the secrets that are known. */
function withoutTokensInEvidence(check: CheckResult, redact: (text: string) => string): CheckResult {
  const evidence = check.evidence.map((piece) => ({ ...piece, text: withoutTokens(redact(piece.text)) }));
  return { ...check, evidence };
}

/** Writes run.json first, then every report. @throws Error when the folder cannot take them. */
export async function writeRecord(
  record: RunRecord,
  folder: RunFolder,
  redact: (text: string) => string,
): Promise<RunRecord> {
  const checks = record.checks.map((check) => withoutTokensInEvidence(check, redact));
  const digests = await digestsOf(folder.histories);
  const text = redactedJson({ ...record, checks, digests }, redact, 2);
  writeFileAtomically(join(folder.path, 'run.json'), `${text}\n`);
  const clean = parseRun(text);
  for (const [name, report] of Object.entries(await renderAll(clean))) {
    const file = join(folder.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileAtomically(file, report);
  }
  return clean;
}

function versionOf(): string {
  const text = readFileSync(join(CHECKOUT, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** The commit of this checkout; null outside git. */
function commitOf(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: CHECKOUT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
