import type { Command } from 'commander';
import { Option } from 'commander';
import type { Context } from '../context.ts';
import { readRun } from '../runs.ts';

const FORMATS = ['html', 'junit', 'markdown', 'openmetrics'] as const;

export function registerReport(program: Command, context: Context): void {
  program
    .command('report')
    .description('render the record of a run again')
    .argument('<run>', 'folder of a run, its name in runs/, or latest')
    .addOption(new Option('--format <format>', 'what to print').choices(FORMATS).makeOptionMandatory())
    .action(async (run: string, options: { format: (typeof FORMATS)[number] }) => {
      const record = await readRun(run);
      const { renderFormat } = await import('../../reports/index.ts');
      context.out((await renderFormat(record, options.format)).trimEnd());
    });
}
