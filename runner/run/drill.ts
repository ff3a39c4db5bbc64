import { failoverParts, planChecks, type PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { refuseAim, type Target } from '../plan/aim.ts';
import type { CheckOverrides } from '../state/run-state.ts';
import { requireConfiguration } from '../plan/configuration.ts';
import { describePlan, tooDear } from '../plan/dry-run.ts';
import { execute } from './execute.ts';
import { askingOf, outlasting } from '../plan/permits.ts';
import { guarded, type CommandResult } from './guard.ts';

export interface DrillOptions {
  /** Default: `local`. */
  env?: string | undefined;
  /** An id, or a glob that matches one. */
  check: string;
  repeat?: number | undefined;
  target?: Target | undefined;
  /** What a partition cuts off besides the peers, in place of what the environment says. */
  also?: 'api'[] | undefined;
  /** `--yes`: required outside the embedded environment. */
  yes?: boolean | undefined;
  dryRun?: boolean | undefined;
  out?: string | undefined;
}

/** `plumbline drill`: one check that injects a fault, repeated. Never throws. */
export function drill(options: DrillOptions): Promise<CommandResult> {
  return guarded(async () => {
    const { env = 'local', check, repeat, target } = options;
    const environment = await openEnvironment(env, { with: 'provisioned', size: 'provisioned' });
    const planned = planChecks(environment, { checks: [check], repeat });
    const [only] = planned;
    if (!only || planned.length > 1) {
      throw new CommandError(
        `"${check}" matches ${planned.length} checks; a drill takes exactly one`,
        EXIT.usage,
      );
    }
    refuse(environment, only, options);
    if (options.dryRun === true) {
      process.stdout.write(describePlan(environment, planned, target));
      return { exitCode: 0 };
    }
    requireConfiguration(environment, planned, 'selection');
    return execute({
      environment,
      planned,
      command: commandOf(options),
      rerun: rerunOf(environment, { ...options, check: only.row.id }),
      profile: null,
      scope: 'selection',
      out: options.out,
      overrides: overridesOf(only, options),
      refuseWithoutPermit: true,
    });
  });
}

/** @throws CommandError 75 without a permit, `--yes` or budget, 64 for a check that is no drill. */
export function refuse(environment: Environment, planned: PlannedCheck, options: DrillOptions): void {
  const { row, notRun } = planned;
  const access = row.access[environment.kind];
  if (access !== 'F' && access !== 'permit') {
    throw new CommandError(
      `${row.id} disturbs nothing in ${environment.name}: use \`plumbline run --env ${environment.envOption} --check ${row.id}\``,
      EXIT.usage,
    );
  }
  refuseAim(environment, row.id, options);
  const { ownedByUs } = traitsOf(environment);
  const brief = ownedByUs ? null : outlasting(environment, askingOf(environment, row.id));
  const reason = notRun === null ? brief : notRun.text;
  if (reason !== null)
    throw new CommandError(`${row.id} cannot be drilled in ${environment.name}: ${reason}`, EXIT.refused);
  if (options.dryRun === true) return;
  const dear = tooDear(environment, planned, options.target);
  if (dear !== null) throw new CommandError(dear, EXIT.refused);
  if (ownedByUs) return;
  if (options.yes !== true) {
    throw new CommandError(
      `${row.id} disturbs ${environment.name}: see its effects with --dry-run, then confirm with --yes`,
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

/** A drill like it, in a run of its own. Without `--yes`: nobody shall confirm a disturbance by pasting. */
export function rerunOf(
  { envOption }: Pick<Environment, 'envOption'>,
  { check, target, also, repeat }: DrillOptions,
): string {
  return commandOf({ check, env: envOption, repeat, target, also });
}

function commandOf({ check, env, repeat, target, also, out }: DrillOptions): string {
  const words = ['npx plumbline drill', check];
  if (env !== undefined) words.push('--env', env);
  if (repeat !== undefined) words.push('--repeat', String(repeat));
  if (target !== undefined) words.push('--target', target);
  for (const one of also ?? []) words.push('--also', one);
  if (out !== undefined) words.push('--out', out);
  return words.join(' ');
}
