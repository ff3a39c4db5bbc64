import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../host/_testing/variable.ts';
import { main } from './main.ts';

test('should take the size that an environment was provisioned with, unless another is asked for', async (context) => {
  const state = emptyFolderIn(context, 'PLUMBLINE_STATE');
  emptyFolderIn(context, 'PLUMBLINE_CACHE');
  const checked = async (...more: string[]): Promise<string> => {
    const out: string[] = [];
    await main(['env', 'check', '--env', 'local', ...more], { out: (text) => out.push(text) });
    return out.at(-1) ?? '';
  };
  const of = (size: string) => new RegExp(`^this machine is (not )?ready for local \\(${size}\\)`);
  assert.match(await checked(), of('full'));
  mkdirSync(join(state, 'local'));
  writeFileSync(join(state, 'local', 'stamp.json'), JSON.stringify({ size: 'small', with: ['postgres'] }));
  assert.match(await checked(), of('small'));
  assert.match(await checked('--size', 'full'), of('full'));
});

/** What validating a copy of env/local.yaml says that is changed so. TODO is what a draft says to its user (probes/drafting.ts). */
async function validated(
  change: (text: string) => string,
  scripts: Record<string, string> = {},
): Promise<{ code: number; said: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-validate-'));
  const file = join(folder, 'local.yaml');
  writeFileSync(file, change(readFileSync(join(import.meta.dirname, '..', 'env', 'local.yaml'), 'utf8')));
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text);
  const out: string[] = [];
  const say = (text: string): void =>
    void out.push(text.replaceAll(folder, '').replace('/local.yaml', 'FILE'));
  const code = await main(['env', 'validate', file], { out: say, err: say });
  rmSync(folder, { recursive: true });
  return { code, said: out };
}

test('should say of a valid file which lines are still marked, and which of these are in force', async () => {
  const valid = 'FILE: valid (local, local)';
  assert.deepEqual(await validated((text) => `${text}\n`), { code: 0, said: [valid] });
  const head = '# TODO NOT SEEN: nodes\n# more\n\n';
  assert.deepEqual(await validated((text) => head + text), {
    code: 0,
    said: [valid, '  1 line is still marked TODO, none of them in force (not commented out)'],
  });
  const marked = `${head}kind: local # TODO which?\n# TODO what is it for?\n$1# TODO a guess\n# gpu: {}\n`;
  assert.deepEqual(
    await validated((text) => text.replace(/^kind: local\n(description: .*\n)/m, `#\n${marked}`)),
    {
      code: 0,
      said: [valid, `  4 lines are still marked TODO, 2 of them in force (not commented out): 9, 10`],
    },
  );
});

test('should load the scenarios that a file declares, and name what no check can use', async () => {
  const options = (of: object): string =>
    `export const options = ${JSON.stringify({ scenarios: { s: of } })};\n`;
  const rate = options({ executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 1 });
  const own = (name: string) => (text: string) => `${text}\nload: { scenarios: { own: ${name} } }\n`;
  const valid = 'FILE: valid (local, local)';
  const good = `import http from 'k6/http';\n${rate}export default () => http.asyncRequest('GET', __ENV.BASE_URL);`;
  assert.deepEqual(await validated(own('good.ts'), { 'good.ts': good }), { code: 0, said: [valid] });
  for (const [text, expected] of [
    [`import ws from 'k6/ws';\n${rate}export default ws;`, /the import of 'k6\/ws' is not supported/],
    [
      `${options({ executor: 'shared-iterations' })}export default () => {};`,
      /needs a load with an arrival rate/,
    ],
    ['throw new Error("no luck");', /no luck/],
  ] as const) {
    const { code, said } = await validated(own('bad.ts'), { 'bad.ts': text });
    assert.equal(code, 64);
    assert.match(said.join('\n'), /FILE: load\.scenarios\.own: \/bad\.ts: /);
    assert.match(said.join('\n'), expected);
  }
  assert.match(
    (await validated(own('none.ts'))).said.join('\n'),
    /load\.scenarios\.own: \/none\.ts: Cannot find module/,
  );
  const ours = (text: string) => `${text}\nload: { scenarios: { steady: good.ts } }\n`;
  const { said } = await validated(ours, { 'good.ts': good });
  assert.match(said.join('\n'), /FILE: load\.scenarios\.steady: the checks send a scenario of this name/);
});
