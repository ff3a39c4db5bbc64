/** What keeps a check from being run, so that nobody has to read it out of the sentence that says so. */
export const NOT_RUN_BY = [
  // No entry in a file and no permit changes it.
  'never',
  'not-built',
  // Left out by whoever began the run, or provisioned the environment.
  'not-selected',
  'not-provisioned',
  'read-only',
  'not-declared',
  'not-permitted',
  // What its fault needs to be injected, or to be undone.
  'means',
  'forwarded',
  // It could not pass, and the profile does not require it.
  'profile',
  'budget',
] as const;
export type NotRunBy = (typeof NOT_RUN_BY)[number];

/** Why a check is not run. */
export interface NotRun {
  by: NotRunBy;
  text: string;
  /** What would have to be declared for it, where that alone is in the way. */
  lacks?: string[];
}

/** @param text null or undefined: nothing keeps it from being run */
export function because(by: NotRunBy, text: string | null | undefined): NotRun | null {
  return text === null || text === undefined ? null : { by, text };
}
