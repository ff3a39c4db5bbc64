import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { up } from '../../../env/local/index.ts';
import type { InstanceName } from '../../../env/local/nodes/index.ts';
import { CHECKOUT } from '../../../host/paths.ts';

/** Which embedded environment these tests use, in its small size: `local-small`, or the other where that is taken. */
export const INSTANCE: InstanceName =
  process.env['PLUMBLINE_TEST_INSTANCE'] === 'local' ? 'local' : 'local-small';

/** What `--env` takes for it: its name, or where its file says another size a copy of the file that says small. */
export function environmentArgument(folder: string): string {
  if (INSTANCE === 'local-small') return INSTANCE;
  const text = readFileSync(join(CHECKOUT, `env/${INSTANCE}.yaml`), 'utf8');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${INSTANCE}.yaml`);
  writeFileSync(file, text.replace(/^ {2}size: full$/m, '  size: small'));
  return file;
}

/**
 * Provisions the small embedded environment with these stores, to the end: until then this process holds the environment's
 * lock, and every run or drill that a test starts would be refused. Returns the path of its kubeconfig.
 */
export async function provisioned(stores: readonly string[]): Promise<string> {
  const { kubeconfig, platformReady } = await up({ instance: INSTANCE, size: 'small', with: stores });
  await platformReady;
  return kubeconfig;
}
