import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceName } from '../../env/local/nodes/index.ts';
import { CHECKOUT } from '../../runner/playwright.ts';

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
