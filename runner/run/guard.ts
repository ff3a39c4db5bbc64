import { EXIT } from '../../host/errors.ts';
import { exitCodeOf } from '../../host/errors.ts';
import { RunFolderError } from '../record/run-folder.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';

export interface CommandResult {
  exitCode: number;
}

/** Turns what a command throws into its exit code and a message on standard error; nothing else ever ends a command. */
export async function guarded(command: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await command();
  } catch (error) {
    const code = exitCodeOf(error);
    if (code !== undefined) {
      process.stderr.write(`${errorText(error)}\n`);
      return { exitCode: code };
    }
    const text = error instanceof RunFolderError ? error.message : `The harness failed: ${stackOf(error)}`;
    process.stderr.write(`${text}\n`);
    return { exitCode: EXIT.harness };
  }
}
