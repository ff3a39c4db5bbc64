import type { Command } from 'commander';
import { Option } from 'commander';
import { collect, commaList, positiveInteger } from '../context.ts';
import type { Context } from '../context.ts';

interface Options {
  env: string;
  profile?: string;
  suite?: string[];
  check?: string[];
  repeat?: number;
  gate?: boolean;
  baseline?: string;
  out?: string;
  dryRun?: boolean;
  readOnly?: boolean;
  with?: string[];
  size?: 'small' | 'full';
}

export function registerRun(program: Command, context: Context): void {
  program
    .command('run')
    .description('run checks, judge them and write the reports')
    .requiredOption('--env <name>', 'environment: a name in env/ or a file')
    .option('--profile <name>', 'a profile of the environment')
    .option('--suite <name>', 'only this suite (may be repeated)', collect)
    .option('--check <glob>', 'only checks whose id matches (may be repeated)', collect)
    .option('--repeat <n>', 'trials of every failover check', positiveInteger)
    .option('--gate', 'run the profile gate: every required check must pass')
    .option(
      '--baseline <run>',
      'compare with an earlier run; latest: the newest of the same environment, profile and scope that came to its end',
    )
    .option('--out <dir>', 'folder in which the folder of the run is made')
    .option('--with <stores>', 'stores and parts to check, separated by commas, or all', commaList)
    .addOption(new Option('--size <size>', 'size of an embedded environment').choices(['small', 'full']))
    .option('--read-only', 'make and change nothing, whatever is permitted: checks that would are not run')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(async ({ suite, check, ...options }: Options) => {
      const { runEnvironment } = await import('../../runner/index.ts');
      const { exitCode } = await runEnvironment({
        ...options,
        ...(suite !== undefined && { suites: suite }),
        ...(check !== undefined && { checks: check }),
      });
      context.exit(exitCode);
    });
}
