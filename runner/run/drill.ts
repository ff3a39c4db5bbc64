import { failoverParts, planChecks, type PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import { provisionedOf } from '../../env/providers/index.ts';
import type { Environment } from '../../env/schema.ts';
import { refuseAim, type Target } from '../plan/aim.ts';
import type { CheckOverrides } from '../state/run-state.ts';
import { requireConfiguration } from '../plan/configuration.ts';
import { describePlan, tooDear } from '../plan/dry-run.ts';
import { execute } from './execute.ts';
import { fingerprintOf } from '../plan/fingerprint.ts';
import { askingOf, outlasting } from '../plan/permits.ts';
import { guarded, type CommandResult } from './guard.ts';
import { readSeriesOf, refuseOther, trialsToAppend, type Series } from '../state/series.ts';

export interface DrillOptions {
  /** Default: `local`, or that of the resumed series. */
  env?: string | undefined;
  /** An id, or a glob that matches one. */
  check?: string | undefined;
  repeat?: number | undefined;
  target?: Target | undefined;
  /** What a partition cuts off besides the peers, in place of what the environment says. */
  also?: 'api'[] | undefined;
  /** `--yes`: required outside the embedded environment. */
  yes?: boolean | undefined;
  dryRun?: boolean | undefined;
  out?: string | undefined;
  /** Folder of a drill's run, or its name in `out`: its trials are resumed. */
  resume?: string | undefined;
}

/** The options, with environment and check resolved. */
type Asked = DrillOptions & { env: string; check: string };

/** `plumbline drill`: one check that injects a fault, repeated. Never throws. */
export function drill(options: DrillOptions): Promise<CommandResult> {
  return guarded(async () => {
    const resumed = options.resume === undefined ? null : await readSeriesOf(options.resume, options.out);
    const asked = resumed === null ? askedOf(options) : askedAgain(options, resumed);
    const environment = await openEnvironment(asked.env, { with: 'provisioned', size: 'provisioned' });
    const clusterUid = await provisionedUid(environment);
    const fingerprint = { ...fingerprintOf([environment.file, ...environment.extended]), clusterUid };
    if (resumed !== null) refuseOther(resumed, fingerprint);
    const planned = planChecks(environment, { checks: [asked.check], repeat: asked.repeat });
    const [only] = planned;
    if (!only || planned.length > 1) {
      throw new CommandError(
        `"${asked.check}" matches ${planned.length} checks; a drill takes exactly one`,
        EXIT.usage,
      );
    }
    refuse(environment, only, asked);
    if (options.dryRun === true) {
      process.stdout.write(describePlan(environment, planned, asked.target));
      return { exitCode: 0 };
    }
    requireConfiguration(environment, planned, 'selection');
    const { target, also, env } = asked;
    const plan = { check: only.row.id, env, trials: only.trials, target, also };
    return execute({
      environment,
      planned,
      command: commandOf(options),
      rerun: rerunOf(environment, { ...asked, check: only.row.id }, resumed),
      profile: null,
      scope: 'selection',
      out: options.out,
      overrides: overridesOf(only, asked),
      refuseWithoutPermit: true,
      series: { plan, fingerprint, resumed },
    });
  });
}

function askedOf(options: DrillOptions): Asked {
  const { check, env = 'local' } = options;
  if (check === undefined)
    throw new CommandError('a drill needs the id of a check, or --resume RUN', EXIT.usage);
  return { ...options, check, env };
}

/** @throws CommandError (64) when an option contradicts the series: its trials would belong to another one. */
function askedAgain(options: DrillOptions, series: Series): Asked {
  const { plan, folder } = series;
  const pairs = [
    ['check', options.check, plan.check],
    ['--env', options.env, plan.env],
    ['--target', options.target, plan.target],
    ['--also', options.also?.join(' '), plan.also?.join(' ')],
  ] as const;
  for (const [what, typed, recorded] of pairs) {
    if (typed === undefined || typed === recorded) continue;
    throw new CommandError(
      `${folder.id} cannot be resumed with ${what} ${typed}: its recorded trials used ${recorded ?? 'none'}`,
      EXIT.usage,
    );
  }
  const { check, env, target, also } = plan;
  return { ...options, check, env, target, also, repeat: trialsToAppend(series, options.repeat) };
}

/** UID of the cluster that `env up` provisioned; null where only the cluster itself can tell. */
async function provisionedUid({ cluster }: Environment): Promise<string | null> {
  const provisioned = await provisionedOf(cluster);
  return provisioned === undefined ? null : (provisioned.uid() ?? 'none: it is not up');
}

/** @throws CommandError 75 without a permit, `--yes` or budget, 64 for a check that is no drill. */
export function refuse(environment: Environment, planned: PlannedCheck, options: Asked): void {
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
  resumed: Pick<Series, 'plan'> | null,
): string {
  const trials = resumed === null ? repeat : resumed.plan.trials;
  return commandOf({ check, env: envOption, repeat: trials, target, also });
}

function commandOf({ check, env, repeat, target, also, out, resume }: DrillOptions): string {
  const words = ['npx plumbline drill'];
  if (check !== undefined) words.push(check);
  if (env !== undefined) words.push('--env', env);
  if (repeat !== undefined) words.push('--repeat', String(repeat));
  if (target !== undefined) words.push('--target', target);
  for (const one of also ?? []) words.push('--also', one);
  if (out !== undefined) words.push('--out', out);
  if (resume !== undefined) words.push('--resume', resume);
  return words.join(' ');
}
