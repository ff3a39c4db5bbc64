/** Passwords of one instance: generated once, kept in its state folder (mode 0600) and in Kubernetes Secrets, never printed. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Passwords by the names that parts declare, which are the keys in the file. */
export type Secrets<Name extends string = string> = Readonly<Record<Name, string>>;

const PASSWORD_BYTES = 24; // 192 bits

/** The file that holds an instance's passwords. */
export function secretsFile(stateDir: string): string {
  return join(stateDir, 'secrets.json');
}

/** Reads these passwords of the instance and generates missing ones. The file keeps all others: each part asks for its own. */
export async function ensureSecrets<Name extends string>(
  stateDir: string,
  names: readonly Name[],
): Promise<Secrets<Name>> {
  const text = await readFile(secretsFile(stateDir), 'utf8').catch(() => '{}');
  const known = JSON.parse(text) as Partial<Secrets>;
  const secrets = byName(names, (name) => known[name] ?? newPassword());
  if (names.some((name) => known[name] === undefined)) await store(stateDir, { ...known, ...secrets });
  return secrets;
}

/** Begins with no hyphen, by which a configuration or a command would take it for an option, as HAProxy's ACLs do. */
function newPassword(): string {
  const text = randomBytes(PASSWORD_BYTES).toString('base64url');
  return text.startsWith('-') ? newPassword() : text;
}

async function store(stateDir: string, secrets: Partial<Secrets>): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const partial = `${secretsFile(stateDir)}.${String(process.pid)}`;
  await writeFile(partial, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(partial, secretsFile(stateDir));
}

/** Placeholder passwords, for manifests whose passwords do not matter. */
export function placeholders<Name extends string>(names: readonly Name[]): Secrets<Name> {
  return byName(names, () => 'placeholder');
}

function byName<Name extends string>(
  names: readonly Name[],
  password: (name: Name) => string,
): Secrets<Name> {
  return Object.fromEntries(names.map((name) => [name, password(name)])) as Secrets<Name>;
}
