import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import {
  applicationFromOpenApi,
  differencesBetween,
  draftFile,
  listCluster,
  notSeenIn,
  pinOf,
} from '../../env/draft/index.ts';
import type { DraftedFile, DraftOptions, Listing } from '../../env/draft/index.ts';
import { EnvironmentError } from '../../env/errors.ts';
import { parseEnvironment } from '../../env/loader.ts';
import { declarationOf } from '../../env/providers/declared.ts';
import type { EnvironmentFile } from '../../env/schema.ts';
import { shown } from '../../env/shown.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { textIfThere } from '../../host/text-if-there.ts';
import { errorText } from '../../reports/record/error-text.ts';
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
  openapi?: string;
}

async function init(options: Options, context: Context): Promise<number> {
  const kubeconfig = kubeconfigOf(options);
  const started = performance.now();
  const listing = await cancellableListing({ kubeconfig, context: options.context });
  if (typeof listing === 'number') return listing;
  const { name, out } = targetOf(options, { listing, context });
  const wasNamed = (options.name ?? options.out) !== undefined;
  const { kind, namespace: namespaces = [] } = options;
  const command = commandOf({ ...options, kubeconfig, context: listing.context, out });
  const schema = path.relative(
    path.dirname(out),
    path.join(context.checkoutDir, 'env', 'environment.schema.json'),
  );
  const application = await applicationOf(options.openapi);
  const asked = { name, kind, kubeconfig, namespaces, command, schema, application };
  const drafted = draftFile(listing, asked);
  const draft = parsedDraft(drafted, out);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  for (const line of drafted.found) context.out(printed(line));
  context.out(
    `${listing.calls} calls to the API server in ${seconds} s, all of them reads; no Secret was read`,
  );
  sayNotSeen(listing, context);
  const there = await textIfThere(out);
  if (there === null) {
    await write(out, { drafted, name }, context);
    sayWhatRunsNeed(draft, { listing, context });
  }
  const now = (): EnvironmentFile => parsedDraft(draftFile(listing, { ...asked, counts: 'now' }), out);
  // A first file is valid, and says itself what was not seen.
  if (there === null) return EXIT.met;
  const again = commandOf({ ...options, kubeconfig, context: listing.context, out: besideFile(out, name) });
  return compare({ out, wasNamed, there, draft: now(), drafted, listing, again }, context);
}

/** Of a second draft. */
const besideFile = (out: string, name: string): string => path.join(path.dirname(out), `${name}-now.yaml`);

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

function commandOf({ kubeconfig, context, kind, namespace = [], out, openapi }: Options): string {
  const given = {
    kubeconfig,
    context,
    kind,
    out: shown(out ?? ''),
    ...(openapi !== undefined && { openapi }),
  };
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

/** @throws CommandError (64) for a file that is not there, or is no OpenAPI document */
async function applicationOf(file: string | undefined): Promise<DraftOptions['application']> {
  if (file === undefined) return undefined;
  try {
    return applicationFromOpenApi(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new CommandError(`--openapi ${file}: ${errorText(cause)}`, EXIT.usage, { cause });
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

/** Prints what differs, and what was not compared; the file stays as it is. @returns the exit code */
function compare(
  of: {
    out: string;
    wasNamed: boolean;
    there: string;
    draft: EnvironmentFile;
    drafted: DraftedFile;
    listing: Listing;
    /** The command that drafts a second file. */
    again: string;
  },
  context: Context,
): number {
  const { out, wasNamed, there, draft, drafted, listing, again } = of;
  const file = shown(out);
  const own = parseEnvironment(there, file, checkFindings).data;
  refuseOther(own, { draft, file, wasNamed });
  const { namespaces } = drafted;
  const found = differencesBetween(own, {
    draft,
    namespaces,
    refused: listing.refused,
    authorities: listing.pin.authorities,
  });
  for (const one of found)
    context.out(printed(`  ${one.what}: in the file ${one.file}, in the cluster ${one.cluster}`));
  const unseen = notSeenIn(listing);
  context.out(`${file}${comparedText(found.length, unseen)}; it was not changed`);
  if (found.length > 0)
    context.out(`  to take over what is there now, draft a second file and compare the two: npx ${again}`);
  if (found.length > 0) return EXIT.notMet;
  return unseen.length > 0 ? EXIT.inconclusive : EXIT.met;
}

function comparedText(differences: number, unseen: readonly string[]): string {
  if (differences === 0 && unseen.length === 0) return ' says of the cluster what is there';
  const said =
    differences === 0
      ? ': nothing that was compared differs'
      : ` differs from the cluster in ${differences} places`;
  return unseen.length === 0 ? said : `${said}; not compared: ${unseen.join(', ')} (not seen)`;
}

interface Comparison {
  draft: EnvironmentFile;
  file: string;
  /** By --name or --out, and not by the context alone. */
  wasNamed: boolean;
}

/** @throws CommandError (64) for an example, and for the file of another cluster, of which every line would differ */
function refuseOther(own: EnvironmentFile, comparison: Comparison): void {
  const why = otherText(own, comparison);
  if (why === null) return;
  throw new CommandError(`${comparison.file} is ${why}; choose another --name or --out`, EXIT.usage);
}

/**
 * A file without a pin, such as that of a cluster which Plumbline provisions, is taken for one of this cluster where somebody named it: a context
 * that happens to be called `local` does not name it. null: the file may be of this cluster.
 */
function otherText(own: EnvironmentFile, { draft, wasNamed }: Comparison): string | null {
  const [pinned, seen] = [pinOf(own)?.kubeSystemUid, pinOf(draft)?.kubeSystemUid];
  if (declarationOf(own.cluster).pinIsPlaceholder?.(own.cluster) === true)
    return `an example that comes with Plumbline, or a copy of one: its pin is zeros (that of this cluster is kubeSystemUid: ${seen ?? ''})`;
  if (pinned === undefined)
    return wasNamed ? null : 'of an environment without a pin, such as Plumbline provisions itself';
  return pinned === seen
    ? null
    : `of another cluster: kube-system has the UID ${seen ?? ''} here and ${pinned} there`;
}

export function registerInit(program: Command, context: Context): void {
  program
    .command('init')
    .description(
      'draft an environment file of a cluster that is reached by a kubeconfig, reading only; of a file that is there, say what differs and leave it (exit 0: written, or nothing differs; 1: it differs; 2: nothing that was compared differs, and something was not seen)',
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
    .option(
      '--openapi <file>',
      'an OpenAPI 3 document (JSON) of the application, from which its section is drafted',
    )
    .option('--out <file>', 'the file; env/NAME.yaml when left out')
    .action(async (options: Options) => {
      context.exit(await init(options, context));
    });
}
