import type { Command } from 'commander';
import { catalogue, planChecks, suiteOf } from '../../suites/catalogue/index.ts';
import { notMetYet } from '../../suites/catalogue/plan/not-met.ts';
import { STORES } from '../../env/schema.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
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
  title: string;
}

interface Options {
  env?: string;
  profile?: string;
  readOnly?: boolean;
}

async function linesOf({ env, profile, readOnly }: Options): Promise<Line[]> {
  if (env === undefined) {
    if (profile !== undefined)
      throw new CommandError('--profile needs --env: each environment has profiles of its own', EXIT.usage);
    if (readOnly === true)
      throw new CommandError(
        '--read-only needs --env: what a check does depends on the environment',
        EXIT.usage,
      );
    return catalogue().map(({ id, built, title }) => ({
      id,
      state: built ? 'written' : 'not written yet',
      title,
    }));
  }
  const { openEnvironment } = await import('../../suites/catalogue/plan/open.ts');
  const environment = await openEnvironment(env, { with: 'provisioned', size: 'provisioned', readOnly });
  return planChecks(environment, { profile }).map(({ row: { id, title, notMet }, notRun, cannotPass }) => ({
    id,
    state: notRun === null ? 'runs' : 'not run',
    ...(notRun !== null && { why: notRun }),
    cannotPass,
    notMet,
    title,
  }));
}

async function list(options: Options, context: Context): Promise<void> {
  const lines = await linesOf(options);
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
  context.out(`\n${ready} of ${lines.length} ${endingOf(options)}`);
  if (options.env !== undefined) return;
  for (const { label, declaredBy } of notMetYet(STORES))
    context.out(
      `not met yet: ${label} (${declaredBy}) follows its documentation; no real one has answered it`,
    );
}

function endingOf({ env, profile, readOnly }: Options): string {
  if (env === undefined) return 'are written';
  const how = readOnly === true ? ' read-only' : '';
  if (profile !== undefined) return `run${how} in profile ${profile}`;
  return `can run${how} in ${env}; \`--profile NAME\` lists those of a profile`;
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
