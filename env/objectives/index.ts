/** Service level objectives as OpenSLO v1 documents: one YAML file each, read, checked, and resolved for an environment. */
export { parseObjective, readObjectives } from './load.ts';
export { resolveObjectives } from './resolve.ts';
export { durationMs, windowBounds } from './window.ts';
export type { Bounds } from './window.ts';
