/** Service level objectives: OpenSLO v1 documents and templates, one YAML file each, read, checked, and resolved for an environment. */
export { parseObjective, readObjectives } from './load.ts';
export type { Library } from './load.ts';
export { objectiveRules, prometheusRule, ruleFile } from './rules.ts';
export type { RuleGroup } from './rules.ts';
export { resolveObjectives } from './resolve.ts';
export { durationMs, windowBounds } from './window.ts';
export type { Bounds } from './window.ts';
