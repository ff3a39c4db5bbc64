/** How much of a record is shown. A page that is too large is rendered again with the next, tighter limits. */
export interface Limits {
  evidenceChars: number;
  evidenceItems: number;
  trialRows: number;
  /** Trials of one check drawn in full; the others keep their row in the table. */
  trialFigures: number;
  /** Rows of each table of nodes or devices. */
  deviceRows: number;
  /** Whether latencies are drawn second by second. */
  heatmaps: boolean;
}

export const LIMITS: readonly Limits[] = [
  {
    evidenceChars: 16_000,
    evidenceItems: 20,
    trialRows: 200,
    trialFigures: 4,
    deviceRows: 500,
    heatmaps: true,
  },
  {
    evidenceChars: 4_000,
    evidenceItems: 8,
    trialRows: 100,
    trialFigures: 2,
    deviceRows: 100,
    heatmaps: true,
  },
  { evidenceChars: 600, evidenceItems: 2, trialRows: 25, trialFigures: 1, deviceRows: 20, heatmaps: false },
];

/** A report is at most 2 MB, also that of a run of a million operations. */
export const MAX_PAGE_BYTES = 2_000_000;
