import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { positiveInteger } from '../context.ts';
import type { DrillOptions } from '../../runner/index.ts';
import type { Context } from '../context.ts';

const CUT_OFF = ['api'] as const;
type CutOff = (typeof CUT_OFF)[number];

/** A parser and no `<what...>`: that would take the check after it for another of its words. */
function cutOff(value: string, previous: CutOff[] = []): CutOff[] {
  const known = CUT_OFF.find((one) => one === value);
  if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${CUT_OFF.join(', ')}.`);
  return [...previous, known];
}

interface Options {
  env?: string;
  repeat?: number;
  target?: DrillOptions['target'];
  also?: CutOff[];
  yes?: boolean;
  dryRun?: boolean;
  out?: string;
}

export function registerDrill(program: Command, context: Context): void {
  program
    .command('drill')
    .description('inject one fault, once or in several trials, and measure what happens')
    .argument('<check>', 'id of a check that injects a fault (failover/…, telemetry/…/under-fault)')
    .option('--env <name>', 'environment (default: local)')
    .option('--repeat <n>', 'trials', positiveInteger)
    .addOption(
      new Option('--target <member>', 'member to target').choices([
        'leader',
        'replica',
        'random',
        'majority',
        'master',
      ]),
    )
    .addOption(
      new Option('--also <what>', 'what a partition cuts off besides the peers')
        .choices(CUT_OFF)
        .argParser(cutOff),
    )
    .option('--yes', 'permit the disturbance; outside embedded environments nothing is done without it')
    .option('--dry-run', 'print what would be touched, for how long and at what cost; do nothing')
    .option('--out <dir>', 'folder in which the folder of the run is made')
    .action(async (check: string, options: Options) => {
      const { drill } = await import('../../runner/index.ts');
      const { exitCode } = await drill({ ...options, check });
      context.exit(exitCode);
    });
}
