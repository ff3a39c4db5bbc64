import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';

/** An autoscaler that was watched from before its load to after it. */
export const watched = (): AnyNeed[] => [
  need('hpa-spec', { what: 'the settings of the autoscaler' }),
  need('hpa', { what: 'the status of the autoscaler' }),
  need('scaled-pods', { what: 'the pods of the Deployment that it scales' }),
  need('hpa-watched', { what: 'the record of how often the autoscaler was read' }),
  need('load-begun', { what: 'the start of the load' }),
  need('load-ended', { what: 'the end of the load' }),
  need('load-start', { what: 'the start of the load engine' }),
  need('load-second', { what: 'seconds of the load' }),
  need('load', { what: 'the result of the load' }),
];
