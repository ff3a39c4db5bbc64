/** Passwords of one instance: generated once, kept in its state folder (mode 0600) and in Kubernetes Secrets, never printed. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Users with a password: the keys in the file and in the Secret. */
export const SECRET_NAMES = [
  'superuser',
  'replication',
  'rewind',
  'restapi',
  'tender',
  'plumbline',
  'redis',
  'sentinel',
  'elasticsearchTender',
  'elasticsearchPlumbline',
  'neo4j',
  'rabbitmqAdmin',
  'rabbitmqTender',
  'rabbitmqPlumbline',
  'erlangCookie',
  'llmApiKey',
  'logstorePlumbline',
  'logstoreShipper',
  'grafanaToken',
] as const;
export type Secrets = Readonly<Record<(typeof SECRET_NAMES)[number], string>>;

const PASSWORD_BYTES = 24; // 192 bits

/** The file that holds an instance's passwords. */
export function secretsFile(stateDir: string): string {
  return join(stateDir, 'secrets.json');
}

/** Reads the instance's passwords and generates missing ones. */
export async function ensureSecrets(stateDir: string): Promise<Secrets> {
  const text = await readFile(secretsFile(stateDir), 'utf8').catch(() => '{}');
  const known = JSON.parse(text) as Partial<Secrets>;
  const secrets = Object.fromEntries(
    SECRET_NAMES.map((name) => [name, known[name] ?? randomBytes(PASSWORD_BYTES).toString('base64url')]),
  ) as Secrets;
  if (SECRET_NAMES.some((name) => known[name] === undefined)) await store(stateDir, secrets);
  return secrets;
}

async function store(stateDir: string, secrets: Secrets): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const partial = `${secretsFile(stateDir)}.${String(process.pid)}`;
  await writeFile(partial, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(partial, secretsFile(stateDir));
}

/** Placeholder passwords, for manifests whose passwords do not matter. */
export const PLACEHOLDERS: Secrets = Object.fromEntries(
  SECRET_NAMES.map((name) => [name, 'placeholder']),
) as Secrets;
