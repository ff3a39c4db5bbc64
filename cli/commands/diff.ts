import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { printed } from '../../reports/render/printed.ts';
import { readRun } from '../runs.ts';

export function registerDiff(program: Command, context: Context): void {
  program
    .command('diff')
    .description('what changed between two runs')
    .argument('<run>', 'folder of a run, its name in runs/, or latest')
    .argument('<baseline>', 'the run to compare with')
    .action(async (run: string, baseline: string) => {
      // In turn, so that the error names the first of two missing runs.
      const now = await readRun(run);
      const before = await readRun(baseline);
      const { diffRuns } = await import('../../reports/index.ts');
      context.out(printed(diffRuns(now, before).text.trimEnd()));
    });
}
