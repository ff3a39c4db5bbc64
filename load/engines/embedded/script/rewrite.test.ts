import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorOf, HEAD, rewritten } from '../_testing/scripts.ts';

describe('what is awaited', () => {
  const cases: [title: string, code: string, expected: RegExp][] = [
    [
      'a call',
      `export default function () { http.get('x'); }`,
      /async function \(\) \{ ;\(await http\.get\('x'\)\); \}/,
    ],
    [
      'a call whose result is used',
      `export default () => http.get('x').json().a;`,
      /async \(\) => \(await http\.get\('x'\)\)\.json\(\)\.a/,
    ],
    [
      'a helper, through others',
      `const a = () => http.get('x'); function b() { return a(); } export default () => { b(); };`,
      /const a = async .*async function b\(\) \{ return \(await a\(\)\); \}.*\(await b\(\)\)/,
    ],
    [
      'a helper declared after its use',
      `export default () => { later(); }; const later = () => { sleep(1); };`,
      /\(await later\(\)\)/,
    ],
    [
      'a method of an object',
      `const api = { login() { return http.post('x'); } }; export default () => { api.login(); };`,
      /async login\(\).*\(await api\.login\(\)\)/,
    ],
    [
      'a method of a nested object',
      `const api = { users: { list: () => http.get('x') } }; export default () => { api.users.list(); };`,
      /\(await api\.users\.list\(\)\)/,
    ],
    [
      'a method of a class',
      `class Api { #get() { return http.get('x'); } list() { return this.#get(); } } export default () => { new Api().list(); };`,
      /async #get\(\).*async list\(\).*\(await this\.#get\(\)\).*\(await new Api\(\)\.list\(\)\)/,
    ],
    [
      'an inherited method',
      `class A { go() { sleep(1); } } class B extends A { run() { super.go(); } } export default () => { new B().run(); };`,
      /async run\(\) \{ ;\(await super\.go\(\)\)/,
    ],
    [
      'a static method',
      `class A { static go() { sleep(1); } } export default () => { A.go(); };`,
      /static async go\(\)/,
    ],
    [
      'an overriding method called by its base',
      `class A { run() { this.step(); } step() {} } class B extends A { step() { sleep(1); } } export default () => { new B().run(); };`,
      /async run\(\) \{ ;\(await this\.step\(\)\)/,
    ],
    [
      'an arrow kept in a field',
      `class A { go = () => { sleep(1); }; } export default () => { const a = new A(); a.go(); };`,
      /go = async \(\).*\(await a\.go\(\)\)/,
    ],
    [
      'a callback of the script’s own helper',
      `const retry = (f) => f(); export default () => { retry(() => http.get('x')); };`,
      /retry = async \(f\) => \(await f\(\)\)/,
    ],
    [
      'a function taken from an object',
      `const api = { login: () => http.get('x') }; const { login } = api; export default () => { login(); };`,
      /\(await login\(\)\)/,
    ],
    [
      'functions of an array',
      `const steps = [() => sleep(1), () => 1]; export default () => { for (const step of steps) step(); };`,
      /for \(const step of steps\) \(await step\(\)\)/,
    ],
    [
      'a function by a computed name',
      `const steps = { a: () => sleep(1) }; export default (k) => { steps[k](); };`,
      /\(await steps\[k\]\(\)\)/,
    ],
    [
      'a function of Object.values',
      `const steps = { a: () => sleep(1) }; export default () => { Object.values(steps).forEach((s) => s()); };`,
      /__plumbline\.iterate\('forEach', Object\.values\(steps\), async \(s\)/,
    ],
    [
      'a renamed function of http',
      `const { get: fetchIt } = http; export default () => { fetchIt('x'); };`,
      /\(await fetchIt\('x'\)\)/,
    ],
    [
      'a call through call()',
      `const f = () => sleep(1); export default () => { f.call(null); };`,
      /\(await f\.call\(null\)\)/,
    ],
    [
      'an optional call',
      `const api = { go: () => sleep(1) }; export default () => { api?.go(); };`,
      /\(await api\?\.go\(\)\)/,
    ],
    [
      'group with a body that blocks',
      `export default () => { group('g', () => { sleep(1); }); };`,
      /\(await group\('g', async/,
    ],
    [
      'check with a test that blocks',
      `export default () => { check(1, { a: () => http.get('x').status === 200 }); };`,
      /\(await check\(1, \{ a: async/,
    ],
    [
      'a reduce with a callback that blocks',
      `export default () => [1].reduce((sum, x) => sum + http.get(x).status, 0);`,
      /iterate\('reduce', \[1\], async \(sum, x\)/,
    ],
    [
      'what the script awaits itself',
      `export default async () => { const r = await http.asyncRequest('GET', 'x'); http.get('y'); };`,
      /await http\.asyncRequest\('GET', 'x'\); ;\(await http\.get\('y'\)\)/,
    ],
  ];
  for (const [title, code, expected] of cases)
    it(`should be ${title}`, () => assert.match(rewritten(HEAD + code), expected));

  it('should leave alone what does not block', () => {
    const code = rewritten(
      `${HEAD}const f = (x) => x * 2; export default () => { group('g', () => f(1)); check(1, { ok: (v) => v === 1 }); [1].map(f).sort((a, b) => a - b); };`,
    );
    assert.doesNotMatch(code, /await|async/);
  });

  it('should keep lines where they were, and statements apart', () => {
    const code = rewritten(
      `${HEAD}export default function () {\n  const a = 1\n  http.get('x').json()\n  if (a) http.get('y')\n  else http.get('z').body\n}`,
    );
    assert.match(
      code,
      /const a = 1\n {2};\(await http\.get\('x'\)\)\.json\(\)\n {2}if \(a\) \(await http\.get\('y'\)\)\n {2}else \(await/,
    );
  });

  it('should go through files that a script imports', () => {
    const code = rewritten(
      `${HEAD}import { login, N as many } from './helper.ts'; import * as all from './helper.ts';\nexport default () => { login(); all.login(); return { many }; };`,
      {
        'helper.ts': `import http from 'k6/http';\nexport const N: number = 3; export function login(): void { http.post('x'); }`,
      },
    );
    assert.match(code, /async function login\(\)/);
    assert.match(code, /\(await __plumbline\.file\(0\)\["login"\]\(\)\)/);
    assert.match(code, /\(await __plumbline\.file\(0\)\.login\(\)\)/);
    assert.match(code, /many: __plumbline\.file\(0\)\["N"\]/);
  });

  it('should drop imports of types, in TypeScript only', () => {
    const code = rewritten(
      `import { Options } from 'k6/options'; import http, { RefinedResponse } from 'k6/http';\nexport const options: Options = {}; export default () => { const r: RefinedResponse<'text'> = http.get('x'); return r; };`,
    );
    assert.match(code, /\(await http\.get\('x'\)\)/);
  });
});

describe('what is refused, with file, line and name', () => {
  const cases: [title: string, code: string, expected: RegExp][] = [
    [
      'a callback of sort',
      `export default () => {\n[2, 1].sort((a, b) => { http.get('x'); return a - b; }); };`,
      /:4: .*line 4.*\.sort\(\)/,
    ],
    [
      'a callback of replace',
      `export default () => 'a'.replace('a', () => http.get('x').body);`,
      /passed to 'a'\.replace\(\)/,
    ],
    [
      'a reviver of JSON.parse',
      `export default () => JSON.parse('1', () => sleep(1));`,
      /passed to JSON\.parse\(\)/,
    ],
    [
      'an unknown function',
      `export default (data) => { data.run(() => sleep(1)); };`,
      /passed to data\.run\(\)/,
    ],
    [
      'a promise’s reaction',
      `export default async () => { await http.asyncRequest('GET', 'x').then(() => { sleep(1); }); };`,
      /\.then\(\)/,
    ],
    ['a getter', `const a = { get b() { return http.get('x'); } }; export default () => a.b;`, /getter/],
    ['a setter', `const a = { set b(v) { http.get(v); } }; export default () => { a.b = 1; };`, /setter/],
    [
      'a constructor',
      `class A { constructor() { sleep(1); } } export default () => { new A(); };`,
      /constructor/,
    ],
    ['a field', `class A { a = http.get('x'); } export default () => { new A(); };`, /field/],
    ['a static block', `class A { static { sleep(1); } } export default () => A;`, /loaded|static block/],
    [
      'a generator',
      `function* g() { yield http.get('x'); } export default () => { for (const a of g()) a; };`,
      /generator g\(\)/,
    ],
    ['the default of a parameter', `export default (a = http.get('x')) => a;`, /default of a parameter/],
    ['the top of the script', `http.get('x'); export default () => {};`, /while the script is loaded/],
    ['a helper at the top', `const f = () => sleep(1); f(); export default () => {};`, /f\(\) blocks/],
    ['a constructor function', `function A() { sleep(1); } export default () => { new A(); };`, /new A\(\)/],
    [
      'toString',
      `const a = { toString() { return http.get('x').body; } }; export default () => \`\${a}\`;`,
      /toString/,
    ],
    [
      'an async function that is not awaited',
      `async function f() { http.get('x'); } export default async () => { await Promise.all([f(), f()]); };`,
      /async function f\(\).*without await/,
    ],
    [
      'an async callback',
      `export default async () => { await Promise.all([1].map(async () => { http.get('x'); })); };`,
      /passed to \[1\]\.map\(\)/,
    ],
    [
      'an async function for group',
      `export default () => { group('g', async () => {}); };`,
      /group\(\) with an async function/,
    ],
    [
      'a blocking function in a Map',
      `const m = new Map([['a', () => sleep(1)]]); export default () => { m.get('a')(); };`,
      /passed to Map\(\)/,
    ],
    [
      'http.get as a callback',
      `export default () => { ['x'].forEach(http.get); };`,
      /k6\/http\.get blocks and is passed to/,
    ],
    [
      'a blocking function stored in data',
      `export default (data) => { data.f = () => sleep(1); };`,
      /stored in data\.f/,
    ],
    [
      'a result read behind an optional call',
      `const a = { go: () => http.get('x') }; export default () => a?.go().body;`,
      /after \?\./,
    ],
    ['a name that k6/http has not here', `export default () => { http.file('x'); };`, /k6\/http has no file/],
    ['html()', `export default () => { http.get('x').html(); };`, /html of a Response/],
    [
      'k6/browser',
      `import { browser } from 'k6/browser'; export default () => browser;`,
      /:3: import of 'k6\/browser'/,
    ],
    ['a URL', `import x from 'https://jslib.k6.io/x.js'; export default () => x;`, /from a URL/],
    ['import()', `export default () => import('./x.js');`, /import\(\)/],
    ['setTimeout', `export default () => { setTimeout(() => {}, 1); };`, /global setTimeout/],
    ['require', `const x = require('fs'); export default () => x;`, /global require/],
    [
      'a file that is not there',
      `import x from './none.js'; export default () => x;`,
      /:3: cannot read .*none\.js: there is no such file/,
    ],
    ['an enum', `enum A { B } export default () => A.B;`, /enum is not supported/],
  ];
  for (const [title, code, expected] of cases)
    it(`should be ${title}`, () => assert.match(errorOf(`${HEAD}\n${code}`), expected));

  it('should be a syntax error, at its line', () => {
    assert.match(errorOf(`${HEAD}\n\nexport default () => {`), /script-\d+\.ts:\d+: syntax error/);
    assert.match(errorOf(`${HEAD}\n\nconst const = 1;`), /:4: syntax error/);
  });

  it('should be a name that a file does not export', () => {
    assert.match(
      errorOf(`import { b } from './only-a.ts'; export default () => b;`, {
        'only-a.ts': 'export const a = 1;',
      }),
      /exports no 'b'/,
    );
  });

  it('should find a getter in a file that is imported, and name that file', () => {
    const message = errorOf(`import { o } from './getter.ts';\nexport default () => o.a;`, {
      'getter.ts': `import http from 'k6/http';\n\nexport const o = { get a() { return http.get('x'); } };`,
    });
    assert.match(message, /getter\.ts:3: /);
  });
});

it('should leave out types that are exported or imported beside values, as k6 does', () => {
  const types = 'interface A { x: number }\nfunction f(): A { return { x: 1 }; }\nexport { A, f };';
  const script = `import { A, f } from './types-beside.ts'; export default () => { const a: A = f(); return a; };`;
  const code = rewritten(script, { 'types-beside.ts': types });
  assert.match(code, /get "f"\(\)/);
  assert.doesNotMatch(code, /"A"/);
});
