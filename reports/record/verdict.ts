/** What a check may end as. See docs/architecture.md: silence is never success. */
export const VERDICTS = ['pass', 'fail', 'inconclusive', 'not-run'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Scope of a run: a whole profile, or a selection of checks, which says nothing about a profile. */
export const SCOPES = ['profile', 'selection'] as const;
export type Scope = (typeof SCOPES)[number];

const BADNESS: Record<Verdict, number> = { 'not-run': 0, pass: 1, inconclusive: 2, fail: 3 };

/** The worst of several verdicts: fail, then inconclusive, then pass; `not-run` only when nothing else is there. */
export function worst(verdicts: Iterable<Verdict>): Verdict {
  let found: Verdict = 'not-run';
  for (const verdict of verdicts) if (BADNESS[verdict] > BADNESS[found]) found = verdict;
  return found;
}
