import type { Command } from 'commander';
import type { Context } from '../context.ts';

export function registerRestore(program: Command, context: Context): void {
  program
    .command('restore')
    .description('undo the changes that are still in the rollback journal')
    .requiredOption('--env <name>', 'environment')
    .action(async (options: { env: string }) => {
      const { restore } = await import('../../runner/index.ts');
      const { exitCode } = await restore(options);
      context.exit(exitCode);
    });
}
