import type { Command } from 'commander';
import { catalogue, planChecks, suiteOf } from '../../suites/catalogue/index.ts';
import { notMetYet } from '../../suites/catalogue/plan/not-met.ts';
import { matchesAny } from '../../env/globs.ts';
import { STORES } from '../../env/schema.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { atMost } from '../../reports/record/at-most.ts';
import type { Context } from '../context.ts';

interface Line {
  id: string;
  state: 'runs' | 'not run' | 'written' | 'not written yet';
  /** Why it is not run. */
  why?: string;
  /** Why it cannot pass, though it runs. */
  cannotPass?: string | undefined;
  /** Adapters that it uses here and that no real product has answered yet. */
  notMet?: readonly string[] | undefined;
  /** What would have to be declared for it, where it lacks nothing else. */
  lacks?: readonly string[];
  title: string;
}

interface Options {
  env?: string;
  profile?: string;
  readOnly?: boolean;
}

interface Listed {
  lines: Line[];
  /** Checks that are not written yet and outside of the profile: a run of it names them all the same, here they would hide its own. */
  elsewhere: number;
}

async function linesOf({ env, profile, readOnly }: Options): Promise<Listed> {
  if (env === undefined) {
    if (profile !== undefined)
      throw new CommandError('--profile needs --env: each environment has profiles of its own', EXIT.usage);
    if (readOnly === true)
      throw new CommandError(
        '--read-only needs --env: what a check does depends on the environment',
        EXIT.usage,
      );
    const lines = catalogue().map(({ id, built, title }): Line => ({
      id,
      state: built ? 'written' : 'not written yet',
      title,
    }));
    return { lines, elsewhere: 0 };
  }
  const { openEnvironment } = await import('../../suites/catalogue/plan/open.ts');
  const environment = await openEnvironment(env, { with: 'provisioned', size: 'provisioned', readOnly });
  const planned = planChecks(environment, { profile });
  const { checks = ['**'], required = [] } = environment.profiles[profile ?? ''] ?? {};
  const own = planned.filter(({ row }) => row.built || matchesAny([...checks, ...required], row.id));
  const lines = own.map(({ row, notRun, cannotPass }): Line => ({
    id: row.id,
    state: notRun === null ? 'runs' : 'not run',
    ...(notRun !== null && { why: notRun.text }),
    lacks: notRun?.lacks ?? [],
    cannotPass,
    notMet: row.notMet,
    title: row.title,
  }));
  return { lines, elsewhere: planned.length - own.length };
}

async function list(options: Options, context: Context): Promise<void> {
  const { lines, elsewhere } = await linesOf(options);
  const width = Math.max(...lines.map(({ id }) => id.length));
  const stateWidth = Math.max(...lines.map(({ state }) => state.length));
  let suite = '';
  for (const { id, state, why, cannotPass, notMet, title } of lines) {
    if (suiteOf(id) !== suite) {
      suite = suiteOf(id);
      context.out(`\n${suite}`);
    }
    const reason = why === undefined ? '' : ` (${why})`;
    const open = cannotPass === undefined ? '' : ` (it cannot pass: ${cannotPass})`;
    const unmet = notMet === undefined ? '' : ` [not met yet: ${notMet.join(', ')}]`;
    context.out(`  ${id.padEnd(width)}  ${state.padEnd(stateWidth)}  ${title}${reason}${open}${unmet}`);
  }
  const ready = lines.filter(({ state }) => state === 'written' || state === 'runs').length;
  context.out(`\n${ready} of ${lines.length} ${endingOf(options, lines)}`);
  if (elsewhere > 0) context.out(`its reports also name ${elsewhere} other checks that are not written yet`);
  if (options.env !== undefined) return;
  for (const { label, declaredBy } of notMetYet(STORES))
    context.out(
      `not met yet: ${label} (${declaredBy}) follows its documentation; no real one has answered it`,
    );
}

function endingOf({ env, profile, readOnly }: Options, lines: readonly Line[]): string {
  if (env === undefined) return 'are written';
  const whole = profile === undefined;
  if (readOnly === true)
    return `${whole ? `can run read-only in ${env}` : `run read-only in profile ${profile}`}${othersIn(lines)}`;
  return whole
    ? `can run in ${env}; \`--profile NAME\` lists those of a profile`
    : `run in profile ${profile}`;
}

const MOST_NAMED = 6;

/** Of the checks that a read-only run leaves out: how many it need not, and what would have to be declared for them. */
function othersIn(lines: readonly Line[]): string {
  const out = lines.filter(({ state }) => state === 'not run');
  const could = out.filter(({ lacks = [] }) => lacks.length > 0);
  const wanted = Map.groupBy(
    could.flatMap(({ lacks = [] }) => lacks.map((one) => one.split(':')[0] ?? one)),
    (key) => key,
  );
  const keys = [...wanted].sort(([, a], [, b]) => b.length - a.length).map(([key]) => key);
  const whole = keys.filter((one) => !keys.some((other) => one.startsWith(`${other}.`)));
  const never = out.length - could.length;
  return [
    ...(could.length === 0
      ? []
      : [`; ${could.length} more could, if you declare ${atMost(whole, MOST_NAMED).join(', ')}`]),
    ...(never === 0 ? [] : [`; the other ${never} do not run here read-only`]),
  ].join('');
}

export function registerList(program: Command, context: Context): void {
  program
    .command('list')
    .description('the catalogue of checks, and what an environment would run')
    .option('--env <name>', 'environment')
    .option('--profile <name>', 'a profile of the environment: only its checks')
    .option('--read-only', 'what would run of it with --read-only')
    .action((options: Options) => list(options, context));
}
