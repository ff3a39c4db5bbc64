/** A client of the HTTP API of Prometheus: queries, targets, rules and series, with errors that have a reason. */
export { PrometheusClient } from './client.ts';
export type { PrometheusOptions, Question } from './client.ts';
export { PrometheusError } from './errors.ts';
export type { PrometheusReason } from './errors.ts';
export type { RuleGroup, Target } from './answers.ts';
