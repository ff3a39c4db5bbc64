import type { Command } from 'commander';
import type { Context } from '../context.ts';

export function registerJudge(program: Command, context: Context): void {
  program
    .command('judge')
    .description('judge a run again, from its histories alone')
    .argument('<run>', 'folder of a run, its name in runs/, or latest')
    .action(async (run: string) => {
      const { judgeRun } = await import('../../runner/index.ts');
      const { exitCode } = await judgeRun({ run });
      context.exit(exitCode);
    });
}
