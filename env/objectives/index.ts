/** Service level objectives, stated in an environment file by a template or by queries, resolved for the environment. */
export { readTemplates } from './load.ts';
export type { Templates } from './load.ts';
export { objectiveRules, prometheusRule, ruleFile } from './rules.ts';
export type { RuleGroup } from './rules.ts';
export { resolveObjectives } from './resolve.ts';
export { durationMs, windowMs } from './window.ts';
