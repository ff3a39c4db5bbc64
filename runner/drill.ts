import { failoverParts, planChecks, type PlannedCheck } from '../env/catalogue/index.ts';
import { CommandError, EXIT } from '../env/errors.ts';
import { loadEnvironment } from '../env/loader.ts';
import type { Environment, Size } from '../env/schema.ts';
import { refuseAim, type Target } from './aim.ts';
import type { CheckOverrides } from './book.ts';
import { describePlan, priceOf } from './dry-run.ts';
import { execute } from './execute.ts';
import { guarded, type CommandResult } from './guard.ts';

export interface DrillOptions {
  env: string;
  /** One id, or the glob of one. */
  check: string;
  repeat?: number | undefined;
  target?: Target | undefined;
  /** What a partition cuts off besides the peers, in place of what the environment says. */
  also?: 'api'[] | undefined;
  /** Outside the embedded environment a drill needs this word. */
  yes?: boolean | undefined;
  dryRun?: boolean | undefined;
  out?: string | undefined;
  size?: Size | undefined;
}

/** `plumbline drill`: one check that injects a fault, repeated. Never throws. */
export function drill(options: DrillOptions): Promise<CommandResult> {
  return guarded(async () => {
    const environment = await loadEnvironment(options.env, { with: 'raised', size: options.size });
    const planned = planChecks(environment, { checks: [options.check], repeat: options.repeat });
    const [only] = planned;
    if (!only || planned.length > 1) {
      throw new CommandError(
        `"${options.check}" names ${planned.length} checks; a drill takes one`,
        EXIT.usage,
      );
    }
    refuse(environment, only, options);
    if (options.dryRun === true) {
      process.stdout.write(describePlan(environment, planned));
      return { exitCode: 0 };
    }
    return execute({
      environment,
      planned,
      command: commandOf(options),
      profile: null,
      out: options.out,
      overrides: overridesOf(only, options),
      refuseWithoutPermit: true,
    });
  });
}

/** @throws CommandError 75 where a permit, the word or the budget is missing, 64 for what is no drill. */
function refuse(environment: Environment, planned: PlannedCheck, options: DrillOptions): void {
  const { row, notRun } = planned;
  const access = row.access[environment.kind];
  if (access !== 'F' && access !== 'permit') {
    throw new CommandError(
      `${row.id} disturbs nothing in ${environment.name}: use \`plumbline run --check ${row.id}\``,
      EXIT.usage,
    );
  }
  refuseAim(environment, row.id, options);
  if (notRun !== null)
    throw new CommandError(`${row.id} cannot be drilled in ${environment.name}: ${notRun}`, EXIT.refused);
  if ('embedded' in environment.cluster || options.dryRun === true) return;
  const price = priceOf(environment, [{ ...planned, trials: 1 }]);
  if (price.seconds > price.affordableSeconds) {
    throw new CommandError(
      `${row.id} may cost ${price.seconds} s of outage; one drill may cost ${Math.round(price.affordableSeconds)} s in ${environment.name}`,
      EXIT.refused,
    );
  }
  if (options.yes !== true) {
    throw new CommandError(
      `${row.id} disturbs ${environment.name}: look at --dry-run, then say --yes`,
      EXIT.refused,
    );
  }
}

function overridesOf(
  { row, goals }: PlannedCheck,
  { target, also }: DrillOptions,
): ReadonlyMap<string, CheckOverrides> {
  if ((target ?? also) === undefined || failoverParts(row.id) === null) return new Map();
  const failover = { ...(target !== undefined && { target }), ...(also !== undefined && { also }) };
  return new Map([[row.id, { goals, settings: { failover } }]]);
}

function commandOf({ check, env, repeat, target, also, out }: DrillOptions): string {
  const words = ['npx plumbline drill', check, '--env', env];
  if (repeat !== undefined) words.push('--repeat', String(repeat));
  if (target !== undefined) words.push('--target', target);
  for (const one of also ?? []) words.push('--also', one);
  if (out !== undefined) words.push('--out', out);
  return words.join(' ');
}
