/** How far back samples of a series are read, in scrapes of the declared interval: older samples meet no freshness goal. */
export const SCRAPES_BACK = 24;

/** Samples of a series by which its own interval is told. */
export const ENOUGH_SAMPLES = 3;

/** For so long a selector of a rule may find nothing, as where nobody asks a service. */
export const LATELY_HOURS = 24;
