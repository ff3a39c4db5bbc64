/** Checks that were not run, in the groups in which every report shows them. */
import type { CheckResult } from '../record/run-record.ts';

interface NotRunGroup {
  /** The reason of all of them, or what their reasons have in common. */
  title: string;
  checks: CheckResult[];
  /** Each has a reason of its own. */
  several: boolean;
}

const NOT_DECLARED = /^not declared: (?:store )?([^,]+)/;
/** A store, or a part of the file by its first key: what is written with a point or a space is only a piece of one. */
const WHOLE = /^not declared: (?:store (\S+)|([a-z]+))(?:,|$)/;
/** No entry in a file changes these. */
const NEVER =
  /^(?:not written yet|does not apply|one member cannot fail over|size small|not declared: .*\ban embedded cluster\b)/;

/**
 * First the groups that a reader can do something about, of them the largest first; then one of all checks of stores and parts of which nothing
 * is declared, since most clusters lack some of them; last what nobody can run here.
 */
export function notRunGroups(checks: readonly CheckResult[]): NotRunGroup[] {
  const notRun = checks.filter((check) => check.verdict === 'not-run');
  const whole = new Set(notRun.flatMap(({ reason }) => wholeOf(reason) ?? []));
  const missing = (reason: string): string | null => {
    const subject = NOT_DECLARED.exec(reason)?.[1]?.split('.', 1)[0] ?? '';
    return whole.has(subject) ? subject : null;
  };
  const together = notRun.filter(({ reason }) => missing(reason) !== null);
  const others = Map.groupBy(
    notRun.filter((check) => !together.includes(check)),
    ({ reason }) => reason,
  );
  const groups = [...others].map(([title, own]) => ({ title, checks: own, several: false }));
  const bySize = groups.toSorted((a, b) => b.checks.length - a.checks.length);
  return [
    ...bySize.filter(({ title }) => !NEVER.test(title)),
    ...undeclared(together, ({ reason }) => missing(reason) ?? ''),
    ...bySize.filter(({ title }) => NEVER.test(title)),
  ];
}

function wholeOf(reason: string): string | null {
  const [, store, part] = WHOLE.exec(reason) ?? [];
  return store ?? part ?? null;
}

/** `nothing of this is declared: postgres (8), gpu (7)`; a reason that is the only one stands as it is. */
function undeclared(checks: CheckResult[], subjectOf: (check: CheckResult) => string): NotRunGroup[] {
  const [first] = checks;
  if (first === undefined) return [];
  if (checks.every(({ reason }) => reason === first.reason))
    return [{ title: first.reason, checks, several: false }];
  const bySubject = [...Map.groupBy(checks, subjectOf)].sort((a, b) => b[1].length - a[1].length);
  const named = bySubject.map(([subject, own]) => `${subject} (${own.length})`);
  return [{ title: `nothing of this is declared: ${named.join(', ')}`, checks, several: true }];
}
