import type { Command } from 'commander';
import { Option } from 'commander';
import { declaredWords } from '../../env/declared-words.ts';
import { openLines } from '../../env/draft/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { declarationOf } from '../../env/providers/declared.ts';
import type { MachineFinding, Provisioning } from '../../env/providers/provider.ts';
import type { Environment, Size } from '../../env/schema.ts';
import { commaList } from '../context.ts';
import type { Context } from '../context.ts';
import { cancellable } from '../signals.ts';
import { clock, UpProgressView } from '../up-progress.ts';
import { atMost } from '../../reports/record/at-most.ts';

interface UpOptions {
  env: string;
  size?: Size;
  with?: string[];
}

interface Asked {
  environment: Environment;
  provisioning: Provisioning;
  /** Its name, with its size where it has one. */
  label: string;
  /** Stores and parts; undefined: nobody said which. */
  words: string[] | undefined;
}

const STATUS_CODES = { up: EXIT.met, partial: EXIT.inconclusive, absent: EXIT.notMet } as const;

/**
 * The environment, in the size that it was provisioned with unless another is asked for, and how its provider provisions it.
 * @throws CommandError (64) where others do
 */
async function provisionable(options: { env: string; size?: Size; with?: string[] }): Promise<Asked> {
  const environment = await load(options.env, { with: options.with, size: options.size ?? 'provisioned' });
  const { name, cluster } = environment;
  const { PROVIDERS, namesOf, traitsOf } = await import('../../env/providers/declared.ts');
  const { providerOf } = await import('../../env/providers/index.ts');
  const provisioning = await (await providerOf(cluster)).provisioning?.();
  if (provisioning === undefined) {
    const providers = namesOf(({ provisions }) => provisions !== undefined, ' or ');
    const allowed = PROVIDERS.flatMap(({ provisions = [] }) => provisions).join(', ');
    throw new CommandError(
      `${name} is not an ${providers} environment: Plumbline neither provisions nor removes it; allowed: ${allowed}`,
      EXIT.usage,
    );
  }
  const { size } = traitsOf(environment);
  return {
    environment,
    provisioning,
    label: size === undefined ? name : `${name} (${size})`,
    words: options.with === undefined ? undefined : declaredWords(environment),
  };
}

/** Throws while a run holds the environment. */
async function refusal(environment: Environment): Promise<() => void> {
  const { traitsOf } = await import('../../env/providers/declared.ts');
  const { refuseWhileHeld } = await import('../../runner/index.ts');
  const { instance } = traitsOf(environment);
  return () => {
    refuseWhileHeld(environment.name, instance);
  };
}

async function load(
  name: string,
  options: {
    size?: Size | 'provisioned';
    with?: string[] | undefined;
    onText?: (text: string) => void;
  } = {},
): Promise<Environment> {
  const { openEnvironment } = await import('../../suites/catalogue/plan/open.ts');
  return openEnvironment(name, options);
}

async function up(options: UpOptions, context: Context): Promise<number> {
  const { environment, provisioning, label, words } = await provisionable(options);
  const refuse = await refusal(environment);
  const started = performance.now();
  const view = new UpProgressView(process.stderr);
  return cancellable(async (signal) => {
    try {
      const result = await provisioning.up(environment.cluster, {
        words,
        refuse,
        onProgress: (progress) => {
          view.show(progress);
        },
        signal,
      });
      await result.platformReady;
      view.end();
      const how = result.created ? 'is up' : 'was up already';
      context.out(
        `${label} ${how} after ${clock(performance.now() - started)}\n  kubeconfig ${result.kubeconfig}`,
      );
      return EXIT.met;
    } finally {
      view.end();
    }
  });
}

/** Prints whether this machine can hold the environment: one line for each requirement, with the remedy if it is not met. */
async function checkMachine(options: UpOptions, context: Context): Promise<number> {
  const { environment, provisioning, label, words } = await provisionable(options);
  return cancellable(async (signal) => {
    const findings = await provisioning.check(environment.cluster, { words, signal });
    for (const line of tableOf(findings)) context.out(line);
    const missing = findings.filter(({ problem }) => problem !== null).length;
    context.out(
      missing === 0
        ? `this machine is ready for ${label}`
        : `this machine is not ready for ${label}: ${missing} of ${findings.length} requirements not met`,
    );
    return missing === 0 ? EXIT.met : EXIT.usage;
  });
}

function tableOf(findings: readonly MachineFinding[]): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings.flatMap(({ name, found, problem }) => {
    const label = name.padEnd(width);
    return problem === null
      ? [`✓ ${label}  ${found}`]
      : [`✗ ${label}  ${problem.what}`, `  ${''.padEnd(width)}  → ${problem.remedy}`];
  });
}

async function down(options: { env: string }, context: Context): Promise<number> {
  const { environment, provisioning } = await provisionable({ env: options.env });
  const refuse = await refusal(environment);
  return cancellable(async (signal) => {
    const say = (line: string): void => context.out(line);
    await provisioning.down(environment.cluster, { refuse, say, signal });
    return EXIT.met;
  });
}

async function status(options: { env: string }, context: Context): Promise<number> {
  const { environment, provisioning } = await provisionable(options);
  const { leftBroken } = await import('../../runner/index.ts');
  const broken = leftBroken(environment);
  if (broken !== null) context.out(`${environment.name}: ${broken}`);
  return cancellable(async (signal) => {
    const found = await provisioning.status(environment.cluster, { signal });
    for (const line of found.lines) context.out(line);
    return broken === null ? STATUS_CODES[found.state] : STATUS_CODES.partial;
  });
}

async function validate(files: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.met;
  for (const file of files) {
    try {
      let text = '';
      const onText = (read: string): void => void (text = read);
      const environment = await load(file, { onText });
      context.out(`${file}: valid (${environment.name}, ${environment.kind})`);
      sayOpen(text, context);
      const { scenarioProblems } = await import('../../runner/index.ts');
      for (const problem of await scenarioProblems(environment)) {
        context.err(`${file}: ${problem}`);
        code = EXIT.usage;
      }
      if (declarationOf(environment.cluster).pinIsPlaceholder?.(environment.cluster) === true)
        context.out(
          `  its cluster.pin is a placeholder of zeros, which no cluster matches: the head of the file says how to get yours`,
        );
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      context.err(error.message);
      code = error.exitCode;
    }
  }
  return code;
}

/** Lines whose numbers are said. */
const MOST = 20;

/** A draft is valid as it is written: what nobody has answered yet is said beside that. TODO is the word that it has for its user (probes/drafting.ts). */
function sayOpen(text: string, context: Context): void {
  const lines = openLines(text);
  if (lines.length === 0) return;
  const inForce = lines.filter((one) => one.inForce).map(({ line }) => String(line));
  const many = lines.length === 1 ? '1 line is' : `${lines.length} lines are`;
  const which = inForce.length === 0 ? 'none' : inForce.length;
  const where = inForce.length === 0 ? '' : `: ${atMost(inForce, MOST).join(', ')}`;
  context.out(`  ${many} still marked TODO, ${which} of them in force (not commented out)${where}`);
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
        new Option(
          '--size <size>',
          'size; when left out, the one that it was provisioned with, or else that of its file',
        ).choices(['small', 'full']),
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
    .action(async (options: { env: string }) => {
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
