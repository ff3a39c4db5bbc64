import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { objectiveRules, prometheusRule, ruleFile } from '../../env/objectives/index.ts';
import type { RuleGroup } from '../../env/objectives/index.ts';
import type { Environment } from '../../env/schema.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { textIfThere } from '../../host/text-if-there.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import type { Context } from '../context.ts';

interface Options {
  env: string;
  as: 'files' | 'prometheus-rule';
  out?: string;
  namespace?: string;
  label?: Record<string, string>;
  force?: boolean;
}

interface RulesFile {
  name: string;
  text: string;
}

async function rules(options: Options, context: Context): Promise<number> {
  refuseStray(options);
  const environment = await openEnvironment(options.env);
  const groups = objectiveRules(environment);
  if (groups.length === 0)
    throw new CommandError(
      `${environment.name} names no objectives and no telemetry.alerts, so there are no rules: see docs/guide/profiles-and-goals.md`,
      EXIT.usage,
    );
  const files = filesOf(groups, { environment, options });
  if (options.out === undefined) {
    context.out(options.as === 'files' ? headed(ruleFile(groups), environment) : textOf(files));
    return EXIT.met;
  }
  return await write(files, { ...options, out: options.out }, context);
}

/** @throws CommandError (64) for what a plain file has no place for */
function refuseStray({ as, namespace, label }: Options): void {
  const stray = namespace === undefined ? label && '--label' : '--namespace';
  if (as === 'files' && stray !== undefined)
    throw new CommandError(`${stray} is for --as prometheus-rule: a plain file has no metadata`, EXIT.usage);
}

/** One object of the operator, or a file a group. */
function filesOf(
  groups: readonly RuleGroup[],
  { environment, options: { as, namespace, label = {} } }: { environment: Environment; options: Options },
): RulesFile[] {
  const name = `plumbline-${environment.name}`;
  if (as === 'prometheus-rule') {
    const text = prometheusRule(groups, { name, namespace, labels: label });
    return [{ name: `${name}.yaml`, text: headed(text, environment) }];
  }
  return groups.map((group) => ({
    name: `${group.name}.yaml`,
    text: headed(ruleFile([group]), environment),
  }));
}

const headed = (text: string, { name }: Environment): string =>
  `# Made by \`plumbline rules --env ${name}\` of the objectives of its environment file.\n${text}`;

const textOf = (files: readonly RulesFile[]): string => files.map(({ text }) => text).join('---\n');

/** Nothing is written where a file would be overwritten that differs, without --force. */
async function write(
  files: readonly RulesFile[],
  { out, force = false }: Options & { out: string },
  context: Context,
): Promise<number> {
  const folder = path.resolve(out);
  const there = await Promise.all(
    files.map(async (file) => ({ file, before: await textIfThere(path.join(folder, file.name)) })),
  );
  const others = there.filter(({ file, before }) => before !== null && before !== file.text);
  if (others.length > 0 && !force) {
    for (const { file } of others) context.err(`${path.join(out, file.name)} is there and differs`);
    context.err('nothing was written; --force overwrites, another --out leaves them');
    return EXIT.notMet;
  }
  await mkdir(folder, { recursive: true });
  for (const { file, before } of there) {
    if (before !== file.text) await writeFile(path.join(folder, file.name), file.text);
    context.out(
      `${path.join(out, file.name)}: ${before === file.text ? 'already as it should be' : 'written'}`,
    );
  }
  return EXIT.met;
}

/** `release=monitoring`, several times. */
function labelOf(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z0-9./_-]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('it must be NAME=VALUE, such as release=monitoring.');
  return { ...before, [name]: value };
}

export function registerRules(program: Command, context: Context): void {
  program
    .command('rules')
    .description(
      'print the recording and burn-rate rules of the objectives, and the rule of the canary, for Prometheus; nothing is asked and nothing is loaded (exit 0: printed or written, 1: a file with --out is there and differs)',
    )
    .requiredOption('--env <name>', 'environment')
    .addOption(
      new Option('--as <form>', 'rule files of Prometheus, or one PrometheusRule of the Prometheus Operator')
        .choices(['files', 'prometheus-rule'])
        .default('files'),
    )
    .option('--out <dir>', 'write files into this folder instead of printing')
    .option('--force', 'overwrite files that differ')
    .option('--namespace <name>', 'namespace of the PrometheusRule')
    .option(
      '--label <name=value>',
      "label of the PrometheusRule, such as that of the operator's ruleSelector; may be given several times",
      labelOf,
    )
    .action(async (options: Options) => {
      context.exit(await rules(options, context));
    });
}
