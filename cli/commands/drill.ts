import type { Command } from 'commander';
import { Option } from 'commander';
import { positiveInteger } from '../context.ts';
import type { Context } from '../context.ts';

interface Options {
  env: string;
  repeat?: number;
  target?: 'leader' | 'replica' | 'random' | 'majority';
  yes?: boolean;
  dryRun?: boolean;
  out?: string;
}

export function registerDrill(program: Command, context: Context): void {
  program
    .command('drill')
    .description('inject one fault, several times if asked, and measure what happens')
    .argument('<check>', 'id of a failover check')
    .option('--env <name>', 'environment', 'local')
    .option('--repeat <n>', 'trials', positiveInteger)
    .addOption(
      new Option('--target <member>', 'whom to hit').choices(['leader', 'replica', 'random', 'majority']),
    )
    .option('--yes', 'do not ask')
    .option('--dry-run', 'print what would be touched, for how long, and its price; do nothing')
    .option('--out <dir>', 'folder in which the folder of the run is made')
    .action(async (check: string, options: Options) => {
      const { drill } = await import('../../runner/index.ts');
      const { exitCode } = await drill({ check, ...options });
      context.exit(exitCode);
    });
}
