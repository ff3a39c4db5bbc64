/** What a pass of the checks of autoscalers rests on, and which fields of their histories decide nothing. */
import type { Annotations } from '../annotations.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { LOAD_ANNOTATIONS } from '../performance/evidence.ts';

export const ANNOTATIONS: Annotations = {
  ...LOAD_ANNOTATIONS,
  'hpa-spec.policiesDown': 'tells how long the way down is expected to take, which no verdict rests on',
  'hpa-spec.metricResolutionS':
    'tells how soon a change of the load is expected to show, which no verdict rests on',
  'hpa[]': 'what its metric was between two decisions, for the chart: each decision is judged',
  'hpa.metrics[].value':
    'its value between two decisions, for the chart: the value behind a decision is judged',
};

export const BETWEEN: Annotations = {
  'scaled-pods[]': 'how many pods there were between two that are judged, for the chart',
};

export const UP_ANNOTATIONS: Annotations = {
  ...ANNOTATIONS,
  'hpa-spec.stabilisationDownS': 'governs the way down, which these checks do not judge',
};

/** An autoscaler that was watched from before its load to after it. */
export const watched = (): AnyNeed[] => [
  need('hpa-spec', { what: 'the settings of the autoscaler' }),
  need('hpa', { what: 'the status of the autoscaler' }),
  need('scaled-pods', { what: 'the pods that it resizes' }),
  need('hpa-watched', { what: 'how the autoscaler was watched' }),
  need('load-begun', { what: 'the start of the load' }),
  need('load-ended', { what: 'the end of the load' }),
  need('load-start', { what: 'the start of its engine' }),
  need('load-second', { what: 'seconds of the load' }),
  need('load', { what: 'what the load came to' }),
];
