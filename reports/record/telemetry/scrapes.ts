/** How far back samples of a series are read, in scrapes of the declared interval: older samples meet no freshness goal. */
export const SCRAPES_BACK = 24;

/** Samples of a series by which its own interval is told. */
export const ENOUGH_SAMPLES = 3;

/** For so long a selector of a rule may find nothing, as where nobody asks a service. */
export const LATELY_HOURS = 24;

/** Every target has these from its start; others may begin with the first request that a target gets. */
const OF_EACH_TARGET = /^(?:up|process_\w+)\{(?:.*,\s*)?job="([^"]+)"/;

/** The job of which a selector finds at least a series for each target; null: it is none of these. */
export const jobOf = (selector: string): string | null => OF_EACH_TARGET.exec(selector)?.[1] ?? null;

/**
 * How many targets a job has at the least: as declared, or as many as a declared workload of its name has replicas. Of another name it is not known whose it
 * is, and one exporter may speak for all members of a store.
 */
export function leastTargets(
  declared: {
    workloads?: ReadonlyArray<{ name: string; replicas: { min: number } }> | undefined;
    stores?: object | undefined;
    required?: { leastTargets?: Readonly<Record<string, number>> | undefined } | undefined;
  },
  job: string,
): number {
  const { workloads = [], stores = {}, required } = declared;
  const own = job in stores ? undefined : workloads.find(({ name }) => name === job);
  return required?.leastTargets?.[job] ?? Math.max(1, own?.replicas.min ?? 1);
}
