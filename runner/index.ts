/** The parent process: what the command line calls. Each prints what it does and answers with an exit code; none throws. */
export { doctor } from './doctor/index.ts';
export type { DoctorOptions } from './doctor/index.ts';
export { drill } from './run/drill.ts';
export type { DrillOptions } from './run/drill.ts';
export type { CommandResult } from './run/guard.ts';
export { judgeRun } from './run/judge-run.ts';
export type { JudgeOptions } from './run/judge-run.ts';
export { leftBroken } from './state/leftovers.ts';
export { restore } from './run/restore.ts';
export type { RestoreOptions } from './run/restore.ts';
export { runControls } from './run/controls.ts';
export type { ControlsOptions } from './run/controls.ts';
export { runEnvironment } from './run/run.ts';
export type { RunOptions } from './run/run.ts';
export { refuseWhileHeld } from './provider-safety.ts';
export { scenarioProblems } from './targets/scenarios.ts';
