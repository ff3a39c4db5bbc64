import type { Command } from 'commander';
import { Option } from 'commander';
import { declaredWords } from '../../env/declared-words.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import type { Finding, LocalStatus } from '../../env/local/index.ts';
import type { Environment, Size } from '../../env/schema.ts';
import { commaList } from '../context.ts';
import type { Context } from '../context.ts';
import { cancellable } from '../signals.ts';
import { clock, UpProgressView } from '../up-progress.ts';

interface UpOptions {
  env: string;
  size?: Size;
  with?: string[];
}

const STATUS_CODES = { up: EXIT.met, partial: EXIT.inconclusive, absent: EXIT.notMet } as const;

function embedded(environment: Environment): { instance: 'local' | 'local-small'; size: Size } {
  if ('embedded' in environment.cluster) {
    return { instance: environment.cluster.embedded, size: environment.cluster.size };
  }
  throw new CommandError(
    `${environment.name} is not an embedded environment: Plumbline neither provisions nor removes it; allowed: local, local-small`,
    EXIT.usage,
  );
}

async function load(name: string, options: { size?: Size; with?: string[] } = {}): Promise<Environment> {
  const { openEnvironment } = await import('../../suites/catalogue/plan/open.ts');
  return openEnvironment(name, options);
}

async function up(options: UpOptions, context: Context): Promise<number> {
  const environment = await load(options.env, options);
  const { instance, size } = embedded(environment);
  const local = await import('../../env/local/index.ts');
  const { refuseWhileHeld } = await import('../../runner/index.ts');
  const started = performance.now();
  const view = new UpProgressView(process.stderr);
  return cancellable(async (signal) => {
    try {
      const result = await local.up({
        instance,
        size,
        ...(options.with !== undefined && { with: declaredWords(environment) }),
        refuse: () => refuseWhileHeld(instance),
        onProgress: (progress) => {
          view.show(progress);
        },
        signal,
      });
      await result.platformReady;
      view.end();
      const how = result.created ? 'is up' : 'was up already';
      context.out(
        `${instance} (${size}) ${how} after ${clock(performance.now() - started)}\n  kubeconfig ${result.kubeconfig}`,
      );
      return EXIT.met;
    } finally {
      view.end();
    }
  });
}

/** Prints whether this machine can hold the environment: one line for each requirement, with the remedy if it is not met. */
async function checkMachine(options: UpOptions, context: Context): Promise<number> {
  const environment = await load(options.env, options);
  const { instance, size } = embedded(environment);
  const local = await import('../../env/local/index.ts');
  return cancellable(async (signal) => {
    const words = options.with === undefined ? {} : { with: declaredWords(environment) };
    const findings = await local.checkMachine({ instance, size, ...words, signal });
    for (const line of tableOf(findings)) context.out(line);
    const missing = findings.filter(({ problem }) => problem !== null).length;
    context.out(
      missing === 0
        ? `this machine is ready for ${instance} (${size})`
        : `this machine is not ready for ${instance} (${size}): ${missing} of ${findings.length} requirements not met`,
    );
    return missing === 0 ? EXIT.met : EXIT.usage;
  });
}

function tableOf(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings.flatMap(({ name, found, problem }) => {
    const label = name.padEnd(width);
    return problem === null
      ? [`✓ ${label}  ${found}`]
      : [`✗ ${label}  ${problem.what}`, `  ${''.padEnd(width)}  → ${problem.remedy}`];
  });
}

async function down(options: { env: string; purge?: true }, context: Context): Promise<number> {
  const { instance } = embedded(await load(options.env));
  const local = await import('../../env/local/index.ts');
  const { refuseWhileHeld } = await import('../../runner/index.ts');
  return cancellable(async (signal) => {
    await local.down({ instance, signal, refuse: () => refuseWhileHeld(instance) });
    context.out(`${instance} is removed; the build cache stays`);
    const packages = await local.broughtPackages({ signal });
    if (packages.length === 0) return EXIT.met;
    if (options.purge !== true) {
      context.out(`packages that were installed for it stay (--purge removes them): ${packages.join(', ')}`);
      return EXIT.met;
    }
    refuseWhileUp(local.INSTANCES.filter((name) => name !== instance && local.readStamp(name) !== null));
    await local.purgeBrought({ signal });
    context.out(`removed with their settings: ${packages.join(', ')}`);
    return EXIT.met;
  });
}

/** @throws CommandError while another environment that needs the packages is up */
function refuseWhileUp(others: readonly string[]): void {
  if (others.length > 0)
    throw new CommandError(
      `the packages are still needed by ${others.join(', ')}: remove it first (plumbline env down --env ${others[0] ?? ''})`,
      EXIT.refused,
    );
}

async function status(options: { env: string }, context: Context): Promise<number> {
  const environment = await load(options.env);
  const { instance } = embedded(environment);
  const local = await import('../../env/local/index.ts');
  const { leftBroken } = await import('../../runner/index.ts');
  const broken = leftBroken(environment);
  if (broken !== null) context.out(`${instance}: ${broken}`);
  const found = await local.status({ instance });
  for (const line of linesOf(found)) context.out(line);
  return broken === null ? STATUS_CODES[found.state] : STATUS_CODES.partial;
}

function linesOf(found: LocalStatus): string[] {
  const { instance, state, stamp, holder, nodes } = found;
  const lines = [`${instance}: ${state}${stamp === null ? '' : ` (${stamp.size})`}`];
  if (holder !== null)
    lines.push(`  held by pid ${String(holder.pid)} since ${holder.since}, for ${holder.checkout}`);
  if (state === 'absent') return lines;
  const named = nodes.map(
    (node) =>
      `  ${node.name.padEnd(12)} ${node.running ? 'running' : 'stopped'}, ${node.ready ? 'Ready' : 'not Ready'}`,
  );
  return [
    ...lines,
    ...named,
    `  API server ${found.apiReachable ? 'answers' : 'does not answer'}`,
    ...(found.services.length === 0 ? ['  Services answer on every node that runs'] : []),
    ...found.services.map((line) => `  Services: ${line}`),
    `  load balancer ${found.loadBalancer ? 'runs' : 'is down'}, registry ${found.registry ? 'runs' : 'is down'}`,
  ];
}

async function validate(files: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.met;
  for (const file of files) {
    try {
      const environment = await load(file);
      context.out(`${file}: valid (${environment.name}, ${environment.kind})`);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      context.err(error.message);
      code = error.exitCode;
    }
  }
  return code;
}

export function registerEnv(program: Command, context: Context): void {
  const env = program
    .command('env')
    .description('provision, inspect and remove embedded environments; validate files');
  const named = (): Option => new Option('--env <name>', 'embedded environment').default('local');
  const provisioning = (name: string, description: string): Command =>
    env
      .command(name)
      .description(description)
      .addOption(named())
      .addOption(
        new Option('--size <size>', 'size, instead of the one in its file').choices(['small', 'full']),
      )
      .option('--with <stores>', 'stores and parts to provision, separated by commas, or all', commaList);
  provisioning(
    'check',
    'whether this machine can hold an environment, and what to do (exit 0: ready, 64: not)',
  ).action(async (options: UpOptions) => {
    context.exit(await checkMachine(options, context));
  });
  provisioning('up', 'provision an environment on this machine, or complete it').action(
    async (options: UpOptions) => {
      context.exit(await up(options, context));
    },
  );
  env
    .command('down')
    .description('remove an environment, also one that is only half there')
    .addOption(named())
    .option('--purge', 'also remove the packages that were installed for it')
    .action(async (options: { env: string; purge?: true }) => {
      context.exit(await down(options, context));
    });
  env
    .command('status')
    .description('what runs (exit 0: up, 1: absent, 2: half up, or left broken by a run)')
    .addOption(named())
    .action(async (options: { env: string }) => {
      context.exit(await status(options, context));
    });
  env
    .command('validate')
    .description('check environment files')
    .argument('<file...>', 'files or names')
    .action(async (files: string[]) => {
      context.exit(await validate(files, context));
    });
}
