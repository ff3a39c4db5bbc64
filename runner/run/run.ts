import { planChecks, scopeOf } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { because } from '../../reports/record/not-run-by.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import type { Environment, Size } from '../../env/schema.ts';
import { readBaseline } from '../plan/baseline.ts';
import { requireConfiguration } from '../plan/configuration.ts';
import { describePlan, tooDear } from '../plan/dry-run.ts';
import { execute, type ExecuteOptions } from './execute.ts';
import { SOCKET } from '../../suites/harness/messages.ts';
import { faceAt, whenInputEnds } from '../serve/face.ts';
import { guarded, type CommandResult } from './guard.ts';

export interface RunOptions {
  /** Name of an environment of this checkout, or the path of a file. */
  env: string;
  profile?: string | undefined;
  suites?: readonly string[] | undefined;
  /** Globs of check ids. */
  checks?: readonly string[] | undefined;
  repeat?: number | undefined;
  /** The profile `gate`, unless another is named. */
  gate?: boolean | undefined;
  /** A run to compare with afterwards. */
  baseline?: string | undefined;
  /** Parent of the run's folder; default `runs`. */
  out?: string | undefined;
  dryRun?: boolean | undefined;
  /** Nothing in the environment is made or changed; checks that would are not run. */
  readOnly?: boolean | undefined;
  with?: readonly string[] | undefined;
  size?: Size | undefined;
}

type Plan = Pick<ExecuteOptions, 'profile' | 'scope' | 'planned'>;

/** `plumbline run`: plan, provision or reach, observe, judge, restore, write. Never throws. */
export function runEnvironment(options: RunOptions): Promise<CommandResult> {
  return guarded(async () => {
    const environment = await openEnvironment(options.env, {
      with: options.with ?? 'provisioned',
      size: options.size ?? 'provisioned',
      readOnly: options.readOnly,
    });
    const { profile, scope, planned } = planOf(environment, options);
    if (options.dryRun === true) {
      process.stdout.write(describePlan(environment, planned));
      return { exitCode: 0 };
    }
    requireConfiguration(environment, planned, scope);
    const { baseline: named } = options;
    const checks = planned.map(({ row }) => row.id);
    const baseline =
      named === undefined
        ? undefined
        : readBaseline(named, { environment, profile, scope, checks }, options.out);
    const command = commandLine('run', options);
    const socket = process.env[SOCKET];
    return execute({
      environment,
      planned,
      command,
      profile,
      scope,
      out: options.out,
      baseline,
      face: socket === undefined ? undefined : faceAt(socket, whenInputEnds()),
    });
  });
}

/** @throws CommandError (64) when `planChecks` refuses, or a gate leaves something out */
function planOf(environment: Environment, options: RunOptions): Plan {
  const { suites, checks, repeat, gate = false } = options;
  const profile = options.profile ?? (gate ? 'gate' : undefined);
  const selection = { profile, suites, checks, repeat };
  const scope = scopeOf(environment, selection);
  if (gate && scope === 'selection') throw notTheGate(profile);
  const planned = planChecks(environment, selection).map((one) => ({
    ...one,
    notRun: one.notRun ?? because('budget', tooDear(environment, one)),
  }));
  return { profile: profile ?? null, scope, planned };
}

function notTheGate(profile: string | undefined): CommandError {
  return new CommandError(
    `--gate needs all of the profile ${profile ?? 'gate'}: leave out --check and --suite, any --repeat below its trials, any --with that leaves a component out, and --read-only`,
    EXIT.usage,
  );
}

/** The command as it can be typed again. */
export function commandLine(verb: string, options: RunOptions): string {
  const words = ['npx plumbline', verb, '--env', options.env];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(name, String(value));
  };
  add('--profile', options.profile);
  for (const suite of options.suites ?? []) add('--suite', suite);
  for (const check of options.checks ?? []) add('--check', check);
  add('--repeat', options.repeat);
  if (options.gate === true) words.push('--gate');
  if (options.readOnly === true) words.push('--read-only');
  add('--baseline', options.baseline);
  add('--out', options.out);
  add('--with', options.with?.join(','));
  add('--size', options.size);
  return words.join(' ');
}
