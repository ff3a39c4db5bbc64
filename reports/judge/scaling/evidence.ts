/** What a pass of the checks of autoscalers rests on, and which fields of their histories decide nothing. */
import type { Annotations } from '../annotations.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { LOAD_ANNOTATIONS } from '../performance/evidence.ts';

export const ANNOTATIONS: Annotations = {
  ...LOAD_ANNOTATIONS,
  'hpa-spec.policiesDown':
    'governs how long the scale-down may take beside the goal, which affects a verdict only near that limit',
  'hpa-spec.stabilisationDownStated':
    'whether pods may go sooner than by the default, which affects a verdict only where some did',
  'hpa-spec.metricResolutionS':
    'governs how soon a change of the load is expected to show, which affects no verdict',
  'scaled-pod': 'where the time of a scale-up went, for people: the counts of pods decide',
  'scaled-pods-unseen': 'where the time of a scale-up went, for people: the counts of pods decide',
  'scaled-object.ready': 'what KEDA says of itself, for people',
  'scaled-object.why': 'the same',
  'scaled-object.idle': 'the minimum that is recorded of the autoscaler follows from it',
  'scaled-object.min': 'the minimum that is recorded of the autoscaler follows from it',
  rollout: 'why there are more pods than are desired, for people: their number decides',
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
