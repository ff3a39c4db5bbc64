import type { Command } from 'commander';
import { Option } from 'commander';
import { collect } from '../context.ts';
import type { Context } from '../context.ts';

interface Options {
  check?: string[];
  without?: string[];
  size?: 'small' | 'full';
  out?: string;
}

export function registerControls(program: Command, context: Context): void {
  program
    .command('controls')
    .description('break what each check looks at, and prove that the check notices')
    .option(
      '--check <glob>',
      'only controls of checks whose id matches, or of that id (may be repeated)',
      collect,
    )
    .option('--without <glob>', 'not these of them (may be repeated)', collect)
    .addOption(
      new Option('--size <size>', 'embedded environment to break')
        .choices(['small', 'full'])
        .default('small'),
    )
    .option('--out <dir>', 'folder in which the folder of the run is made')
    .action(async (options: Options) => {
      const { runControls } = await import('../../runner/index.ts');
      const { exitCode } = await runControls(options);
      context.exit(exitCode);
    });
}
