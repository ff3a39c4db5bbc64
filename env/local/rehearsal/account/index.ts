/**
 * The owners' part in the rehearsal: the documented accounts and rights (deploy/rbac.yaml) in its namespaces, a permit for drills, and the
 * kubeconfig and passwords of the one who checks.
 */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { base, NODE, CHECKOUT } from '../../images/recipes.ts';
import type { ImageRecipe } from '../../images/recipes.ts';
import { NFT } from '../../images/debian/debian-recipes.ts';
import type { PlatformContext } from '../../platform/context.ts';
import type { KubeObject } from '../../platform/objects.ts';
import { part, type Part } from '../../platform/part.ts';
import { accountKubeconfig, secretFile } from './place.ts';

/** Namespaces in which deploy/rbac.yaml gives rights in a platform; whoever applies it puts those of the platform in their place. */
const PLATFORM = ['tender', 'edge'];

/** Images that an owner has in a registry for the pods of drills: a shell, nsenter and nft, and one with Node. */
export const OWNERS_IMAGES: readonly ImageRecipe[] = [
  {
    name: 'node-tools',
    tag: { fixed: '1' },
    layers: [base, { kind: 'debian', recipe: NFT }],
    run: { cmd: ['sh'] },
  },
  { name: 'node', tag: { fixed: '24' }, layers: [base, ...NODE], run: { cmd: ['node'] } },
];

const ACCOUNT = 'plumbline-drill';
/** Longer than any rehearsal stays up. */
const VALID_HOURS = 168;

/**
 * @param namespaces those of the platform
 * @param handedOut by the names of the files that they become, the names of passwords and keys
 */
export function accountPart(
  namespaces: readonly string[],
  handedOut: Readonly<Record<string, string>>,
): Part {
  return part<string>({
    name: 'account',
    passwords: Object.values(handedOut),
    objects: () => rightsIn(namespaces),
    works: async (context, { secrets }) => {
      await permit(context);
      await handOut(context);
      for (const [file, name] of Object.entries(handedOut))
        await writePrivate(secretFile(context.stateDir, file), secrets[name] ?? '');
    },
  });
}

/** The objects of deploy/rbac.yaml with these namespaces in place of the reference platform's. */
export function rightsIn(namespaces: readonly string[]): KubeObject[] {
  const text = readFileSync(join(CHECKOUT, 'deploy/rbac.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  const [own, ofPlatform] = [objects.filter((one) => !isOfPlatform(one)), objects.filter(isOfPlatform)];
  const moved = namespaces.flatMap((namespace) =>
    ofPlatform.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } })),
  );
  // Both namespaces of the reference platform give the same rights under the same names.
  const distinct = new Map(
    moved.map((one) => [`${one.kind} ${one.metadata.namespace}/${one.metadata.name}`, one]),
  );
  return [...own, ...distinct.values()];
}

function isOfPlatform({ metadata }: KubeObject): boolean {
  return PLATFORM.includes(metadata.namespace ?? '');
}

/** What only an owner can write: without it every drill is refused. */
async function permit(context: PlatformContext): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'plumbline-permit', namespace: 'plumbline-system' },
    data: {
      checks: 'failover/** gpu/** performance/** scaling/** telemetry/**',
      ticket: 'REHEARSAL-1',
      until: new Date(Date.now() + VALID_HOURS * 3_600_000).toISOString(),
    },
  };
  const argv = ['apply', '--server-side', '--force-conflicts', '--field-manager=owners', '-f', '-'];
  await context.kubectl(argv, { input: JSON.stringify(object) });
}

interface Kubeconfig {
  users: { name: string; user: object }[];
}

/** A kubeconfig like the administrator's, with a token of the account in place of its certificate. */
async function handOut(context: PlatformContext): Promise<void> {
  const argv = ['create', 'token', ACCOUNT, '-n', ACCOUNT, `--duration=${VALID_HOURS}h`];
  const token = (await context.kubectl(argv)).trim();
  const config = parse(readFileSync(context.kubeconfig, 'utf8')) as Kubeconfig;
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  await writePrivate(accountKubeconfig(context.stateDir), stringify({ ...config, users }));
}

async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600 });
  await chmod(file, 0o600);
}
