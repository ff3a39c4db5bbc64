import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { draftFile, listCluster } from '../../env/draft/index.ts';
import type { DraftedFile, DraftOptions, Listing } from '../../env/draft/index.ts';
import { EnvironmentError } from '../../env/errors.ts';
import { parseEnvironment } from '../../env/loader.ts';
import type { EnvironmentFile } from '../../env/schema.ts';
import { shown } from '../../env/shown.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { printed } from '../../reports/render/printed.ts';
import { checkFindings } from '../../suites/catalogue/plan/references.ts';
import { collect } from '../context.ts';
import type { Context } from '../context.ts';
import { cancellable } from '../signals.ts';

interface Options {
  kubeconfig?: string;
  context?: string;
  name?: string;
  kind: DraftOptions['kind'];
  namespace?: string[];
  out?: string;
}

async function init(options: Options, context: Context): Promise<number> {
  const kubeconfig = kubeconfigOf(options);
  const started = performance.now();
  const listing = await cancellableListing({ kubeconfig, context: options.context });
  if (typeof listing === 'number') return listing;
  const { name, out } = targetOf(options, { listing, context });
  if (existsSync(out)) throw isThere(out, name);
  const { kind, namespace: namespaces = [] } = options;
  const command = commandOf({ ...options, kubeconfig, context: listing.context, out });
  const schema = path.relative(
    path.dirname(out),
    path.join(context.checkoutDir, 'env', 'environment.schema.json'),
  );
  const asked = { name, kind, kubeconfig, namespaces, command, schema };
  const drafted = draftFile(listing, asked);
  const draft = parsedDraft(drafted, out);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  for (const line of drafted.found) context.out(printed(line));
  context.out(
    `${listing.calls} calls to the API server in ${seconds} s, all of them reads; no Secret was read`,
  );
  sayNotSeen(listing, context);
  await write(out, { drafted, name }, context);
  sayWhatRunsNeed(draft, { listing, context });
  // A first file is valid, and says itself what was not seen.
  return EXIT.met;
}

/** A file that somebody may have completed is never written over. */
function isThere(out: string, name: string): CommandError {
  const ways = [
    `\`npx plumbline run --env ${name} --read-only --suite topology\` says how the cluster differs from it`,
    `\`--out ${shown(path.join(path.dirname(out), `${name}-now.yaml`))}\` drafts a second one`,
  ];
  return new CommandError(
    `${shown(out)} is there already and stays as it is: ${ways.join('; ')}`,
    EXIT.usage,
  );
}

const ROLES =
  'this is left out of the file, and there is a report without it; plumbline-read and plumbline-operators (deploy/rbac.yaml) may list most of it, plumbline-init (deploy/init.yaml) the rest';

function sayNotSeen({ refused }: Listing, context: Context): void {
  for (const [what, why] of refused) context.err(`not seen: ${what}: ${why}`);
  if (refused.size > 0) context.err(ROLES);
}

/** @throws CommandError (64) where there is none, or several */
function kubeconfigOf(options: Options): string {
  const file = path.resolve(options.kubeconfig ?? usualKubeconfig());
  if (existsSync(file)) return file;
  throw new CommandError(`there is no kubeconfig ${shown(file)}: name one with --kubeconfig`, EXIT.usage);
}

/** As kubectl finds it; of several files that KUBECONFIG names, none is chosen for the user. */
function usualKubeconfig(): string {
  const named = process.env['KUBECONFIG'] ?? '';
  if (named.includes(path.delimiter))
    throw new CommandError('KUBECONFIG names several files: say which with --kubeconfig', EXIT.usage);
  return named === '' ? path.join(homedir(), '.kube', 'config') : named;
}

/** @returns an exit code where it was interrupted */
async function cancellableListing(of: {
  kubeconfig: string;
  context: string | undefined;
}): Promise<Listing | number> {
  let listing: Listing | undefined;
  const code = await cancellable(async (signal) => {
    listing = await listCluster({ ...of, signal });
    return EXIT.met;
  });
  return listing ?? code;
}

/** Name of the environment and path of its file, each from the other where only one is given, else from the context. */
function targetOf(
  { name, out }: Options,
  { listing, context }: { listing: Listing; context: Context },
): { name: string; out: string } {
  const ofFile = out === undefined ? undefined : path.basename(out).replace(/\.ya?ml$/, '');
  const chosen = name ?? ofFile ?? nameOfContext(listing.context);
  if (!/^[a-z][a-z0-9-]*$/.test(chosen))
    throw new CommandError(
      `"${chosen}" cannot be the name of an environment: lower-case letters, digits and "-"; say another with --name`,
      EXIT.usage,
    );
  if (ofFile !== undefined && ofFile !== chosen)
    throw new CommandError(
      `an environment has the name of its file: --name ${chosen} and --out ${out ?? ''} differ`,
      EXIT.usage,
    );
  return { name: chosen, out: path.resolve(out ?? path.join(context.checkoutDir, 'env', `${chosen}.yaml`)) };
}

/**
 * `orders` of `arn:aws:eks:eu-central-1:1:cluster/orders`, `kubernetes` of `kubernetes-admin@kubernetes`, `api-ocp-example-com` of
 * `shop/api-ocp-example-com:6443/kube:admin` (OpenShift: namespace, server and user).
 */
function nameOfContext(context: string): string {
  const server = /^[^/]*\/([^/]+):\d+\/[^/]+$/.exec(context)?.[1];
  const last = server ?? context.split(/[/@]/).at(-1) ?? '';
  return last
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
}

function commandOf({ kubeconfig, context, kind, namespace = [], out }: Options): string {
  const given = { kubeconfig, context, kind, out: shown(out ?? '') };
  const options = Object.entries(given).map(([name, value]) => `--${name} ${value ?? ''}`);
  return ['plumbline init', ...options, ...namespace.map((name) => `--namespace ${name}`)].join(' ');
}

/** Held to the schema and to the catalogue before anything is written. @throws CommandError (3): the draft is wrong, not its user */
function parsedDraft({ text }: DraftedFile, out: string): EnvironmentFile {
  try {
    return parseEnvironment(text, shown(out), checkFindings).data;
  } catch (cause) {
    if (!(cause instanceof EnvironmentError)) throw cause;
    throw new CommandError(
      `the draft is not valid, which is an error of Plumbline:\n${cause.message}`,
      EXIT.harness,
      { cause },
    );
  }
}

async function write(
  out: string,
  { drafted, name }: { drafted: DraftedFile; name: string },
  context: Context,
): Promise<void> {
  await mkdir(path.dirname(out), { recursive: true });
  await writeFile(out, drafted.text, { flag: 'wx' }); // what another process has just written stays as well
  const file = shown(out);
  const env = path.dirname(out) === path.join(context.checkoutDir, 'env') ? name : file;
  // TODO is the word that the draft has for its user (probes/drafting.ts).
  context.out(`written: ${file}, with ${drafted.open} TODOs; nothing in it permits a write. Next:`);
  const next = {
    [`env validate ${file}`]: 'whether the file is right, and which TODOs are in force',
    [`list --env ${env} --read-only`]: 'which checks would run, and why the others would not',
    [`run --env ${env} --read-only`]: 'a first report: nothing is changed',
    [`doctor --env ${env}`]: 'what everything else needs and is not there yet',
  };
  const width = Math.max(...Object.keys(next).map(({ length }) => length));
  for (const [command, what] of Object.entries(next))
    context.out(`  npx plumbline ${command.padEnd(width)}  # ${what}`);
}

/** Reading is enough for this command and for a run with --read-only; any other run also keeps a Lease, in a namespace that only the owners of the cluster make. */
function sayWhatRunsNeed(
  { namespaces: { system } }: EnvironmentFile,
  { listing, context }: { listing: Listing; context: Context },
): void {
  const all = listing.objects['v1/Namespace'].map(({ metadata }) => metadata.name);
  if (all.length === 0 || all.includes(system)) return;
  context.out(
    `the namespace ${system} is missing, where a run without --read-only keeps a Lease: its owners apply it, with the roles plumbline-read and plumbline-system, from deploy/rbac.yaml`,
  );
}

export function registerInit(program: Command, context: Context): void {
  program
    .command('init')
    .description(
      'draft an environment file of a cluster that is reached by a kubeconfig, reading only; a file that is there stays as it is',
    )
    .option('--kubeconfig <file>', 'kubeconfig; that of kubectl when left out')
    .option('--context <name>', 'context in it; its current one when left out')
    .option('--name <name>', 'name of the environment; that of the file or of the context when left out')
    .addOption(
      new Option('--kind <kind>', 'kind of the environment')
        .choices(['testing', 'staging', 'production'])
        .default('staging'),
    )
    .option(
      '--namespace <name>',
      'a namespace of the platform; may be given several times; when left out, every one in which something runs, but those of the cluster itself',
      collect,
    )
    .option('--out <file>', 'the file; env/NAME.yaml when left out')
    .action(async (options: Options) => {
      context.exit(await init(options, context));
    });
}
