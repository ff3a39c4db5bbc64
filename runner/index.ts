/** The parent process: what the command line calls. Each prints what it does and answers with an exit code; none throws. */
export { drill } from './drill.ts';
export type { DrillOptions } from './drill.ts';
export type { CommandResult } from './guard.ts';
export { judgeRun } from './judge-run.ts';
export type { JudgeOptions } from './judge-run.ts';
export { leftBroken } from './leftovers.ts';
export { restore } from './restore.ts';
export type { RestoreOptions } from './restore.ts';
export { runControls } from './controls.ts';
export type { ControlsOptions } from './controls.ts';
export { runEnvironment } from './run.ts';
export type { RunOptions } from './run.ts';
export { refuseWhileHeld } from './safety/index.ts';
