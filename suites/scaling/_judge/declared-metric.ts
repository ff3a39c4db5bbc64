/** Whether a scale-up was decided by the metric that the environment declares. */
import type { HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Chain } from './chain.ts';
import { wantsText } from './metrics.ts';

/** The metric by which the service is to be scaled; undefined: by any. */
export function declaredMetric({ settings: { ai, topology } }: HistoryHeader): string | undefined {
  // The history of a backend check has no AI settings.
  const scaling = ai === undefined ? topology?.edge?.backend?.scaling : ai.scaling;
  return scaling?.metric;
}

/**
 * A failure where another metric decided while the declared one asked for no more pods. Where it asked for more as well, the decision would
 * have been made without the other.
 */
export function byAnother(
  { decision }: Chain,
  declared: string | undefined,
): { failure: string | null; gap: string | null } {
  const none = { failure: null, gap: null };
  if (declared === undefined || decision === null || decision.activation !== undefined) return none;
  const { from, metrics, cause } = decision;
  const own = metrics.find(({ name }) => name === declared);
  if (own === undefined)
    return {
      ...none,
      gap: `the autoscaler has no metric ${declared}, by which it is declared to decide (${wantsText(metrics)})`,
    };
  if (cause.metrics.length === 0 || cause.metrics.includes(declared)) return none;
  const others = cause.metrics.join(' and ');
  if (own.wants === null)
    return {
      ...none,
      gap: `${others} asked for the new pods while ${declared}, by which it is declared to decide, had no value`,
    };
  return own.wants.most > from
    ? none
    : {
        ...none,
        failure: `${others} decided, not ${declared} as declared, which asked for no more than ${from} pods (${wantsText(metrics)})`,
      };
}
