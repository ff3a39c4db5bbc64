/**
 * The pages below docs/reference, each written from its subject: `npm run reference`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { checksPage } from './reference/checks.ts';
import { commandLinePage } from './reference/command-line.ts';
import { environmentPage } from './reference/environment.ts';
import { historiesPage } from './reference/histories.ts';
import { rightsPage } from './reference/rights.ts';

export const FOLDER = path.join(import.meta.dirname, '..', 'docs', 'reference');

export const COMMITTED: Readonly<Record<string, () => string>> = {
  'checks.md': checksPage,
  'command-line.md': commandLinePage,
  'environment.md': environmentPage,
  'rights.md': rightsPage,
};
/** Only authors of judges look here, so Git ignores it. */
const IGNORED = { 'histories.md': historiesPage };

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of Object.entries({ ...COMMITTED, ...IGNORED }))
    writeFileSync(path.join(FOLDER, name), text());
}
