import { BlockedError } from '../../env/providers/provider.ts';
import { CommandError, EXIT, exitCodeOf } from '../../host/errors.ts';
import { RunFolderError } from '../record/run-folder.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';
import { printed } from '../../reports/render/printed.ts';
import type { Interrupt } from './interrupt.ts';

export interface CommandResult {
  exitCode: number;
}

/** Turns what a command throws into its exit code and a message on standard error; nothing else ever ends a command. */
export async function guarded(command: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await command();
  } catch (error) {
    const code = exitCodeOf(error) ?? (error instanceof BlockedError ? EXIT.inconclusive : undefined);
    if (code !== undefined) {
      process.stderr.write(`${printed(errorText(error))}\n`);
      return { exitCode: code };
    }
    const text = error instanceof RunFolderError ? error.message : `The harness failed: ${stackOf(error)}`;
    process.stderr.write(`${printed(text)}\n`);
    return { exitCode: EXIT.harness };
  }
}

/** Does work that a signal may end: what it throws then is no failure of the harness, and its exit code is that of the signal. */
export async function interruptible(
  interrupt: Interrupt,
  work: () => Promise<CommandResult>,
): Promise<CommandResult> {
  try {
    const { exitCode } = await work();
    return { exitCode: interrupt.exitCode ?? exitCode };
  } catch (error) {
    if (interrupt.exitCode === undefined) throw error;
    throw new CommandError(errorText(error), interrupt.exitCode, { cause: error });
  }
}
