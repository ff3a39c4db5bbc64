/** A client of the HTTP API of Prometheus: queries, targets, rules and series, with errors that have a reason. */
export { PrometheusClient } from './client.ts';
export type { PrometheusOptions, Question } from './client.ts';
export type { RuleGroup, Target } from './answers.ts';
