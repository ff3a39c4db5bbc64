import type { Command } from 'commander';
import { catalogue, planChecks, suiteOf } from '../../suites/catalogue/index.ts';
import type { Context } from '../context.ts';

interface Line {
  id: string;
  state: string;
  title: string;
}

async function linesOf(env: string | undefined): Promise<Line[]> {
  if (env === undefined) {
    return catalogue().map((row) => ({
      id: row.id,
      state: row.built ? 'built' : 'not built',
      title: row.title,
    }));
  }
  const { openEnvironment } = await import('../../suites/catalogue/plan/open.ts');
  const environment = await openEnvironment(env, { with: 'provisioned', size: 'provisioned' });
  return planChecks(environment).map(({ row, notRun }) => ({
    id: row.id,
    state: notRun ?? 'runs',
    title: row.title,
  }));
}

async function list(options: { env?: string }, context: Context): Promise<void> {
  const lines = await linesOf(options.env);
  const width = Math.max(...lines.map((line) => line.id.length));
  const stateWidth = Math.min(30, Math.max(...lines.map((line) => line.state.length)));
  let suite = '';
  for (const { id, state, title } of lines) {
    if (suiteOf(id) !== suite) {
      suite = suiteOf(id);
      context.out(`\n${suite}`);
    }
    context.out(`  ${id.padEnd(width)}  ${state.padEnd(stateWidth)}  ${title}`);
  }
  const ready = lines.filter((line) => line.state === 'built' || line.state === 'runs').length;
  context.out(
    `\n${String(ready)} of ${String(lines.length)} ${options.env === undefined ? 'are built' : 'run'}`,
  );
}

export function registerList(program: Command, context: Context): void {
  program
    .command('list')
    .description('the catalogue of checks, and what an environment would run')
    .option('--env <name>', 'environment')
    .action((options: { env?: string }) => list(options, context));
}
