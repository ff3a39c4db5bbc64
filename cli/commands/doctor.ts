import type { Command } from 'commander';
import type { Context } from '../context.ts';

interface Options {
  env: string;
  profile?: string;
  readOnly?: boolean;
  json?: boolean;
}

export function registerDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description(
      'what a run needs in an environment (rights, addresses, secrets, permits), and whether it is there; changes nothing',
    )
    .requiredOption('--env <name>', 'environment')
    .option('--profile <name>', 'a profile of the environment: only what its checks need')
    .option('--read-only', 'only what a run with --read-only needs')
    .option('--json', 'everything, for machines')
    .action(async (options: Options) => {
      const { doctor } = await import('../../runner/index.ts');
      const { exitCode } = await doctor({ ...options, out: (text) => context.out(text) });
      context.exit(exitCode);
    });
}
