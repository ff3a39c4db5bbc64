/** Checks that were not run, in the groups in which every report shows them. */
import { isNotBuilt } from '../record/compose.ts';
import type { CheckResult } from '../record/run-record.ts';

interface NotRunGroup {
  /** The reason of all of them, or what their reasons have in common. */
  title: string;
  checks: CheckResult[];
  /** Each has a reason of its own. */
  several: boolean;
}

/** A store, or a part of the file by its first key: what is written with a point or a space is only a piece of one. */
const WHOLE = /^(?:store (\S+)|([a-z]+))$/;

/**
 * First the groups that a reader can do something about, of them the largest first; then one of all checks of stores and parts of which nothing
 * is declared, since most clusters lack some of them; last what nobody can run here. Of a record that does not say what keeps a check from being
 * run there is a group for each reason.
 */
export function notRunGroups(checks: readonly CheckResult[]): NotRunGroup[] {
  const notRun = checks.filter((check) => check.verdict === 'not-run');
  const whole = new Set(notRun.flatMap((check) => wholeOf(check) ?? []));
  const missing = (check: CheckResult): string | null => {
    const subject = firstLacked(check)
      .replace(/^store /, '')
      .split('.', 1)[0];
    return subject !== undefined && whole.has(subject) ? subject : null;
  };
  const together = notRun.filter((check) => missing(check) !== null);
  const others = Map.groupBy(
    notRun.filter((check) => !together.includes(check)),
    ({ reason }) => reason,
  );
  const groups = [...others].map(([title, own]) => ({ title, checks: own, several: false }));
  const bySize = groups.toSorted((a, b) => b.checks.length - a.checks.length);
  const isLast = (group: NotRunGroup): boolean => group.checks.every(isNever);
  return [
    ...bySize.filter((group) => !isLast(group)),
    ...undeclared(together, (check) => missing(check) ?? ''),
    ...bySize.filter(isLast),
  ];
}

/** No entry in a file changes it. */
function isNever(check: CheckResult): boolean {
  return check.notRunBy === 'never' || isNotBuilt(check);
}

function firstLacked({ notRunBy, lacks = [] }: CheckResult): string {
  return (notRunBy === 'not-declared' ? lacks[0] : undefined) ?? '';
}

function wholeOf(check: CheckResult): string | null {
  const [, store, part] = WHOLE.exec(firstLacked(check)) ?? [];
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
