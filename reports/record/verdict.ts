/** What a check may end as. See docs/architecture.md: silence is never success. */
export const VERDICTS = ['pass', 'fail', 'inconclusive', 'not-run'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Scope of a run: a whole profile, or a selection of checks, which says nothing about a profile. */
export const SCOPES = ['profile', 'selection'] as const;
export type Scope = (typeof SCOPES)[number];

const WORST_FIRST: readonly Verdict[] = ['fail', 'inconclusive', 'pass', 'not-run'];

/** Order of a list: the worst verdict first. */
export function byVerdict(a: { verdict: Verdict }, b: { verdict: Verdict }): number {
  return WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict);
}

/** The worst of several verdicts: fail, then inconclusive, then pass; `not-run` only when nothing else is there. */
export function worst(verdicts: Iterable<Verdict>): Verdict {
  const seen = new Set(verdicts);
  return WORST_FIRST.find((verdict) => seen.has(verdict)) ?? 'not-run';
}
