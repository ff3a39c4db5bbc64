import { CommandError, EXIT } from '../../../host/errors.ts';
import { matchesAny } from '../../../env/globs.ts';
import { traitsOf } from '../../../env/providers/declared.ts';
import type { Environment, Profile } from '../../../env/schema.ts';
import { closest } from '../../../env/suggest.ts';
import { accessIn } from './access.ts';
import { cannotPass } from './cannot-pass.ts';
import { notApplying, notDeclared, notSelected, oneMember } from './declared.ts';
import { failoverParts, resolveGoals } from './goals.ts';
import { lacksMeans } from './means.ts';
import { catalogue, matchChecks, suggestCheck, suiteOf, suites as allSuites } from '../rows.ts';
import { withNotMet } from './not-met.ts';
import { notPermitted } from './permits.ts';
import { clientsForwarded } from './reached.ts';
import { notReadOnly } from './read-only.ts';
import { withStandIns } from './stand-ins.ts';
import type { CatalogueRow } from '../types.ts';
import type { Goals } from '../../../reports/record/goals.ts';
import { because, type NotRun } from '../../../reports/record/not-run-by.ts';
import type { Scope } from '../../../reports/record/verdict.ts';

export interface Selection {
  profile?: string | undefined;
  suites?: readonly string[] | undefined;
  /** Globs of check ids. */
  checks?: readonly string[] | undefined;
  /** Trials of each failover check, instead of the profile's. */
  repeat?: number | undefined;
  now?: Date | undefined;
}

export interface PlannedCheck {
  row: CatalogueRow;
  goals: Goals;
  goalSource: 'assumed' | 'confirmed' | 'none';
  goalText: string;
  required: boolean;
  trials: number;
  /** null: it runs. */
  notRun: NotRun | null;
  /** Why it cannot pass, though it runs. */
  cannotPass?: string;
}

function profileOf(environment: Environment, name: string): Profile {
  const profile = environment.profiles[name];
  if (profile !== undefined) return profile;
  const names = Object.keys(environment.profiles);
  const meant = closest(name, names);
  throw new CommandError(
    `${environment.name} has no profile "${name}"${meant === null ? '' : ` (did you mean "${meant}"?)`}; ` +
      `it has: ${names.length === 0 ? 'none' : names.join(', ')}`,
    EXIT.usage,
  );
}

function requireKnown(selection: Selection): void {
  for (const suite of selection.suites ?? []) {
    if (allSuites().includes(suite)) continue;
    throw new CommandError(`no such suite "${suite}"; there are: ${allSuites().join(', ')}`, EXIT.usage);
  }
  for (const glob of matchChecks(selection.checks ?? []).unmatched) {
    const meant = suggestCheck(glob);
    const hint = meant === null ? '' : ` (did you mean "${meant}"?)`;
    throw new CommandError(`no check matches "${glob}"${hint}; \`plumbline list\` shows all ids`, EXIT.usage);
  }
}

function chosen(selection: Selection, profile: Profile | null): CatalogueRow[] {
  const suites = selection.suites ?? [];
  const checks = selection.checks ?? [];
  return catalogue().filter((row) => {
    if (suites.length > 0 && !suites.includes(suiteOf(row.id))) return false;
    if (checks.length > 0 && !matchesAny(checks, row.id)) return false;
    return profile === null || !row.built || matchesAny([...profile.checks, ...profile.required], row.id);
  });
}

/**
 * Why a check cannot run here, whatever was selected; null when it can.
 * @param now null: at a time at which every permit of the file holds
 */
export function whyNotRun(
  environment: Environment,
  row: CatalogueRow,
  now: Date | null = new Date(),
): NotRun | null {
  return (
    neverRun(environment, row) ??
    because('not-selected', notSelected(environment, row)) ??
    because('never', notApplying(environment, row)) ??
    // Before what is not declared: declaring it would change nothing.
    because('read-only', notReadOnly(environment, row)) ??
    notDeclared(environment, row) ??
    notPermitted(environment, row, now) ??
    lacksMeans(environment, row) ??
    because('forwarded', clientsForwarded(environment, row))
  );
}

/** What no declaration and no permit would change. */
function neverRun(environment: Environment, row: CatalogueRow): NotRun | null {
  const alone = oneMember(environment, row);
  if (alone === null && !row.built) return { by: 'not-built', text: 'not written yet' };
  return because('never', alone ?? neverIn(environment, row));
}

function neverIn(environment: Environment, row: CatalogueRow): string | null {
  if (accessIn(environment, row) === 'none') return `does not apply to a ${environment.kind} environment`;
  const { notBuilt, size } = traitsOf(environment);
  if (notBuilt !== undefined) return notBuilt;
  return row.needsSize === 'full' && size === 'small' ? 'size small' : null;
}

/**
 * Trials of a check, and the `minTrials` that its judge requires. Failover checks run as often as the profile or the goal asks,
 * whichever is more; `repeat` changes the trials but not the goal. Other checks run once, so `minTrials` is dropped from their goals.
 */
function repeated(
  row: CatalogueRow,
  profile: Profile | null,
  { goals, repeat }: { goals: Goals; repeat: number | undefined },
): Pick<PlannedCheck, 'goals' | 'trials'> {
  const { minTrials, ...others } = goals;
  if (suiteOf(row.id) !== 'failover') return { goals: others, trials: 1 };
  const asked = [wantedBy(row, profile), minTrials].filter((trials) => trials !== undefined);
  if (asked.length === 0) return { goals: others, trials: repeat ?? 1 };
  const trials = Math.max(...asked);
  return { goals: { ...others, minTrials: trials }, trials: repeat ?? trials };
}

/** Trials that the profile asks for; undefined: it does not say. */
function wantedBy(row: CatalogueRow, profile: Profile | null): number | undefined {
  const ofServices = failoverParts(row.id) === null ? profile?.serviceTrials : undefined;
  return ofServices ?? profile?.minTrials;
}

/**
 * A run counts for its profile only if it is complete. It is a selection if checks, suites or, outside embedded environments, stores
 * and parts were chosen, with fewer trials than the profile's, or if it may only read: then it left out what writes, or looked without it. The
 * profile of an embedded environment covers what was provisioned.
 */
export function scopeOf(environment: Environment, selection: Selection): Scope {
  const less = environment.readOnly === true || isNarrowed(environment, selection);
  return selection.profile === undefined || less ? 'selection' : 'profile';
}

function isNarrowed(
  environment: Environment,
  { profile = '', suites = [], checks = [], repeat = Infinity }: Selection,
): boolean {
  const { minTrials = 1, serviceTrials = 1 } = environment.profiles[profile] ?? {};
  const named = suites.length + checks.length + environment.notSelected.length;
  return named > 0 || repeat < Math.max(minTrials, serviceTrials);
}

/** Whether the check needs a store or part that an embedded environment was not provisioned with. */
function notProvisioned(environment: Environment, row: CatalogueRow): boolean {
  if (!traitsOf(environment).ownedByUs) return false;
  const store = row.injects?.store;
  if (store !== undefined && environment.leftOut.includes(store)) return true;
  return row.parts.some((part) => environment.partsLeftOut.includes(part));
}

/**
 * Whether the check cannot be required in this run: its store or part is not provisioned or not selected, the run may only read, or it never runs
 * in such an environment.
 */
function notHere(environment: Environment, row: CatalogueRow): boolean {
  return (
    notProvisioned(environment, row) ||
    notSelected(environment, row) !== null ||
    notReadOnly(environment, row) !== null ||
    neverRun(environment, row) !== null
  );
}

/** A profile is met if its checks pass: one that cannot is left out, unless the profile asks for it. */
function leftOutOf(profile: Profile | null, row: CatalogueRow, why: string): NotRun | null {
  if (profile === null || matchesAny(profile.required, row.id)) return null;
  const text = `it cannot pass here: ${why}. Named under \`required\` of the profile, it runs all the same`;
  return { by: 'profile', text };
}

/**
 * What the profile names must run, and so must all that can while its permit holds: only a check that the profile lets off may be not-run.
 * Before and after the time of its permit it is still required, or a gate could be met by less at that hour.
 */
function isRequired(
  environment: Environment,
  { row, can, profile }: { row: CatalogueRow; can: boolean; profile: Profile | null },
): boolean {
  if (profile === null || notHere(environment, row)) return false;
  if (matchesAny(profile.required, row.id)) return true;
  return can && !profile.optional.some(({ checks }) => matchesAny(checks, row.id));
}

/**
 * Every check that belongs to the selection, with its goals here and the reason why it is not run, if it is not. A run
 * of a profile also lists all checks that are not built, so that nobody takes them for passed.
 * @throws CommandError (64) for an unknown profile or suite, a glob that matches nothing, or an empty selection
 */
export function planChecks(environment: Environment, selection: Selection = {}): PlannedCheck[] {
  requireKnown(selection);
  const profile = selection.profile === undefined ? null : profileOf(environment, selection.profile);
  const rows = chosen(selection, profile);
  if (rows.length === 0) {
    throw new CommandError(`profile ${selection.profile ?? '–'} has none of the selected checks`, EXIT.usage);
  }
  return rows.map((row) => {
    const { goals, source, text } = resolveGoals(environment, row);
    const never = whyNotRun(environment, row, null);
    const hopeless = never === null ? cannotPass(environment, row, goals) : null;
    const left = hopeless === null ? null : leftOutOf(profile, row, hopeless);
    const notRun = whyNotRun(environment, row, selection.now) ?? left;
    return {
      row: withNotMet(environment, withStandIns(environment, row)),
      ...repeated(row, profile, { goals, repeat: selection.repeat }),
      goalSource: source,
      goalText: text,
      required: isRequired(environment, { row, can: (never ?? left) === null, profile }),
      notRun,
      ...(notRun === null && hopeless !== null && { cannotPass: hopeless }),
    };
  });
}
