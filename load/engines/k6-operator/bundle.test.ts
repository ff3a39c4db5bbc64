import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundle } from './bundle.ts';

test('should put files of other folders beside the script, and refuse two of the same name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-bundle-'));
  t.after(() => rm(folder, { recursive: true }));
  const [script, other] = [join(folder, 'scripts', 'far.js'), join(folder, 'lib')];
  await mkdir(join(folder, 'scripts'), { recursive: true });
  await mkdir(other, { recursive: true });
  await writeFile(join(other, 'a.js'), `export const a = 1;`);
  await writeFile(script, `import { a } from '../lib/a.js'; export default () => a;`);
  assert.deepEqual(await bundle(script), {
    entry: 'far.js',
    files: {
      'far.js': `import { a } from './a.js'; export default () => a;`,
      'a.js': `export const a = 1;`,
    },
  });
  await writeFile(join(other, 'far.js'), `export const b = 2;`);
  await writeFile(script, `import { b } from '../lib/far.js'; export default () => b;`);
  await assert.rejects(bundle(script), /far\.js have the same name: pods get one flat folder/);
});
