/**
 * The page on the command line, written from the commands themselves.
 */
import type { Argument, Command, Option } from 'commander';
import { buildProgram } from '../../cli/main.ts';
import { PART_NAMES, STORES } from '../../env/schema.ts';
import { EXIT, EXIT_MEANINGS } from '../../host/errors.ts';
import { cell } from './cell.ts';

const SILENT = { out: () => undefined, err: () => undefined, exit: () => undefined, checkoutDir: '.' };

export function commandLinePage(): string {
  const program = buildProgram(SILENT);
  return `# Command line

Written from the commands; do not edit this page. \`npx plumbline COMMAND --help\` says the same of each command. RUN is the folder of a run, or
its name (or \`latest\`) in \`runs/\` of the working folder, in \`--out\` where that is given; CHECK an id such as \`failover/postgres/pod-crash\`; GLOB a pattern such as \`failover/*/pod-crash\`.

\`--with\` takes stores (${words(STORES)}) and parts of the platform (${words(PART_NAMES)}); \`all\`, alone, is everything that the environment declares.
What is left out is not provisioned, its checks are \`not-run\`, and no profile requires them.

${program.commands.flatMap((command) => sections(command, program.name())).join('\n')}
## Exit codes

Every command ends with one of these.

| exit code | when |
| --- | --- |
${Object.entries(EXIT)
  .map(([name, code]) => `| ${code} | ${cell(EXIT_MEANINGS[name as keyof typeof EXIT])} |`)
  .join('\n')}
`;
}

/** Of a command, or of those that it consists of. */
function sections(command: Command, before: string): string[] {
  const name = `${before} ${command.name()}`;
  const children = command.commands.filter((child) => child.name() !== 'help');
  return children.length > 0
    ? children.flatMap((child) => sections(child, name))
    : [sectionOf(command, name)];
}

function sectionOf(command: Command, name: string): string {
  const given = command.registeredArguments.map((argument) => ` ${argumentText(argument)}`).join('');
  const { options } = command;
  return `## \`${name}${given}\`

${capitalised(command.description())}.
${rowsText([...command.registeredArguments.map(argumentRow), ...options.map(optionRow)])}`;
}

function rowsText(rows: readonly string[]): string {
  return rows.length === 0 ? '' : `\n| | |\n| --- | --- |\n${rows.join('\n')}\n`;
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`.toUpperCase();
  return argument.required ? name : `[${name}]`;
}

function argumentRow(argument: Argument): string {
  return `| \`${argumentText(argument)}\` | ${cell(argument.description)} |`;
}

function optionRow(option: Option): string {
  const choices = option.argChoices?.map((choice) => `\`${choice}\``).join(', ');
  const standard: unknown = option.defaultValue;
  const more = [
    ...(choices === undefined ? [] : [choices]),
    ...(typeof standard === 'string' ? [`\`${standard}\` when left out`] : []),
    ...(option.mandatory ? ['must be given'] : []),
  ];
  return `| \`${option.flags}\` | ${cell([option.description, ...more].join('; '))} |`;
}

function words(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
