/** What a pass of the checks of autoscalers rests on, and which fields of their histories decide nothing. */
import type { Annotations } from '../annotations.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { LOAD_ANNOTATIONS } from '../performance/evidence.ts';

export const ANNOTATIONS: Annotations = {
  ...LOAD_ANNOTATIONS,
  'hpa-spec.policiesDown': 'governs how long the scale-down is expected to take, which affects no verdict',
  'hpa-spec.metricResolutionS':
    'governs how soon a change of the load is expected to show, which affects no verdict',
  'hpa[]': 'the metric between two decisions, for the chart only: each decision is judged',
  'hpa.metrics[].value':
    'the value between two decisions, for the chart only: the value behind a decision is judged',
};

export const BETWEEN: Annotations = {
  'scaled-pods[]': 'the number of pods between two numbers that are judged, for the chart only',
};

export const UP_ANNOTATIONS: Annotations = {
  ...ANNOTATIONS,
  'hpa-spec.stabilisationDownS': 'governs the scale-down, which these checks do not judge',
};

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
