/**
 * Changes the stored passing history of every built check in thousands of ways and compares what its judge says of each with what was
 * accepted, and tells it the tales of tests/tales: `npm run mutate [-- --check GLOB] [--folder FOLDER]`. Exit 1 if an outcome differs, a pass
 * lacks its reason, a tale gets another verdict than it must, or a history is missing or does not pass.
 */
import { parseArgs } from 'node:util';
import { matchesAny } from '../env/globs.ts';
import { errorText } from '../reports/record/error-text.ts';
import { catalogue } from '../suites/catalogue/index.ts';
import { holdAll } from './histories/hold-all.ts';
import { STORED_FOLDER, storedPath } from './histories/stored.ts';
import { problemsOf, reportText } from './histories/table.ts';

const USAGE = 64;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      check: { type: 'string', multiple: true, default: ['**'] },
      folder: { type: 'string', default: STORED_FOLDER },
    },
  });
  const built = catalogue().filter(({ id, built: isBuilt }) => isBuilt && matchesAny(values.check, id));
  if (built.length === 0) throw new Error(`no built check is called ${values.check.join(' or ')}`);
  const isStored = (id: string): boolean => storedPath(id, values.folder) !== null;
  const ids = built.map(({ id }) => id);
  const report = {
    answers: await holdAll(ids.filter(isStored), values.folder),
    missing: ids.filter((id) => !isStored(id)),
    folder: values.folder,
  };
  process.stdout.write(reportText(report));
  return problemsOf(report).length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = USAGE;
}
