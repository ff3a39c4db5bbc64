import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command } from 'commander';
import { EXIT } from '../host/errors.ts';
import { printed } from '../reports/render/printed.ts';
import { registerControls } from './commands/controls.ts';
import { registerDiff } from './commands/diff.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDrill } from './commands/drill.ts';
import { registerEnv } from './commands/env.ts';
import { registerExplain } from './commands/explain.ts';
import { registerInit } from './commands/init.ts';
import { registerJudge } from './commands/judge.ts';
import { registerList } from './commands/list.ts';
import { registerReport } from './commands/report.ts';
import { registerRestore } from './commands/restore.ts';
import { registerRules } from './commands/rules.ts';
import { registerRun } from './commands/run.ts';
import { registerToolchain } from './commands/toolchain.ts';
import type { Context, Register } from './context.ts';
import { exitCodeOf, linesOf } from './ending.ts';
import { lostOutput, noteLost, print } from './output.ts';
import manifest from '../package.json' with { type: 'json' };

const COMMANDS: readonly Register[] = [
  registerInit,
  registerEnv,
  registerList,
  registerExplain,
  registerDoctor,
  registerRules,
  registerRun,
  registerDrill,
  registerRestore,
  registerControls,
  registerJudge,
  registerReport,
  registerDiff,
  registerToolchain,
];

/** Commands that are there for what they print: cut, it must not be taken for the whole. */
const PRINTING: ReadonlySet<string> = new Set(['list', 'explain', 'doctor', 'rules', 'report', 'diff']);

/** Applies the same exit and output handling to subcommands: commander copies settings only to commands created later. */
function strict(command: Command, context: Context): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      context.out(text.trimEnd());
    },
    writeErr: (text) => {
      context.err(text.trimEnd());
    },
  });
  for (const child of command.commands) strict(child, context);
}

/** All commands. Their output and exit codes go to the context. */
export function buildProgram(context: Context): Command {
  const program = new Command('plumbline')
    .description('Checks an environment against its deployment architecture')
    .version(manifest.version, '-V, --version', 'print the version')
    .showHelpAfterError('(plumbline --help lists the commands)');
  for (const register of COMMANDS) register(program, context);
  strict(program, context);
  return program;
}

let guarded = false;

/**
 * An uncaught error exits with the code for a harness error: Node's default, 1, would mean that a check failed.
 *
 * An output that takes nothing more (`plumbline … | head -1`, a terminal that is gone, a full disk) must not end a run that still has to
 * restore. Later output is lost; the exit code is unchanged, but for commands that only print.
 */
function guardProcess(): void {
  if (guarded) return;
  guarded = true;
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${printed(error.stack ?? String(error))}\n`);
    process.exit(EXIT.harness);
  });
  process.stdout.on('error', noteLost);
  process.stderr.on('error', () => undefined);
}

/**
 * Runs one command line.
 * @param argv what follows the program's name
 * @returns the exit code; never throws
 */
export async function main(argv: readonly string[], overrides: Partial<Context> = {}): Promise<number> {
  guardProcess();
  let exitCode: number = EXIT.met;
  const context: Context = {
    out: print,
    err: (text) => process.stderr.write(`${printed(text)}\n`),
    exit: (code) => {
      exitCode = code;
    },
    checkoutDir: path.dirname(import.meta.dirname),
    ...overrides,
  };
  const program = buildProgram(context);
  let command = '';
  program.hook('preAction', (_program, started) => {
    command = started.name();
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    exitCode = exitCodeOf(error);
    for (const line of linesOf(error)) context.err(line);
  }
  if (!PRINTING.has(command)) return exitCode;
  // Streams tell their errors a little later.
  await nextTurn();
  const lost = lostOutput();
  if (lost === null) return exitCode;
  context.err(`what was printed is not whole: ${lost.message}`);
  return EXIT.harness;
}
