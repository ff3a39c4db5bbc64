import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { bundleScript } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-script-'));
after(() => rmSync(folder, { recursive: true }));
let n = 0;

/** The rewritten code of a script (without the prologue), and of files beside it. */
function rewritten(code: string, files: Record<string, string> = {}): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const path = join(folder, `script-${n++}.ts`);
  writeFileSync(path, code);
  return bundleScript(path)
    .modules.map((one) => one.code.replace(/^.*?__plumbline\.exports\(.*?\)(?=;);/, ''))
    .join('\n');
}

function refused(code: string, files: Record<string, string> = {}): string {
  try {
    const text = rewritten(code, files);
    return `NOT REFUSED: ${text}`;
  } catch (error) {
    return (error as Error).message.replace(`${folder}/`, '');
  }
}

const HEAD = `import http from 'k6/http'; import { check, group, sleep } from 'k6';\n`;

describe('rewriting', () => {
  it('should await blocking calls and make their functions async', () => {
    const code = rewritten(`${HEAD}export default function () {\n  http.get('x');\n  sleep(1);\n}`);
    assert.match(
      code,
      /async function \(\) \{\n {2};\(await http\.get\('x'\)\);\n {2};\(await sleep\(1\)\);\n\}/,
    );
  });
});
console.log(
  rewritten(`${HEAD}
class Api { constructor(base) { this.base = base }
  login() { return http.post(this.base).json() }
  get me() { return 1 } }
const helper = (u) => http.get(u)
const obj = { a() { return helper('x') }, b: (x) => x }
export function setup() { const a = new Api('x')
a.login().token
  return 1 }
export default () => { obj.a(); obj.b(1); [1,2].forEach((x) => { helper(x) })
  group('g', () => { sleep(1) })
  group('h', () => { obj.b(2) })
  check(helper('y'), { ok: (r) => r.status === 200 })
  const rs = ['a', 'b'].map((u) => http.get(u)).map(r => r.status)
}`),
);
console.log(
  refused(`${HEAD}export default function () { [3,1].sort((a, b) => { http.get('x'); return a - b; }) }`),
);
