/** The guide to troubleshooting quotes what Plumbline says: who looks for a message must find it there, word for word. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.dirname(import.meta.dirname);
const PAGE = path.join(ROOT, 'docs', 'guide', 'troubleshooting.md');
const CODE = '{cli,env,faults,host,load,probes,reports,runner,suites}/**/*.{ts,mjs}';
const TESTS = /\.(test|itest|bench)\.ts$|\/_testing\//;
/** Stands for what code puts into a message. */
const VALUE = '¤';
/** What others say: the log of ingress-nginx. */
const OF_OTHERS = /^limiting (requests|connections)\b/;
/** What differs, punctuation, and where code puts two texts together. */
const BETWEEN = /…|\b[A-Z]+\b|[:;(),"]|(?<=\b(?:requests|was)) (?=refused|sent)| (?=unavailable\b)/;

/** Templates with a `VALUE` for each `${…}`, and strings that are put together by `+` in one. */
function withValues(text: string): string {
  let out = '';
  for (let at = 0; at < text.length; at += 1) {
    if (!text.startsWith('${', at)) {
      out += text.charAt(at);
      continue;
    }
    for (let depth = 0; at < text.length; at += 1) {
      if (text.charAt(at) === '{') depth += 1;
      if (text.charAt(at) === '}') depth -= 1;
      if (text.charAt(at) === '}' && depth === 0) break;
    }
    out += VALUE;
  }
  return out.replaceAll(/ ?¤ ?/g, VALUE);
}

function codeOf(text: string): string {
  const code = text.split('\n').filter((line) => !/^\s*(\/\*|\*|\/\/)/.test(line));
  return code
    .join('\n')
    .replaceAll("\\'", "'")
    .replaceAll(/['`]\s*\+\s*['`]/g, '');
}

const FILES = globSync(CODE, { cwd: ROOT }).filter((file) => !TESTS.test(file));
const SAID = FILES.map((file) => codeOf(readFileSync(path.join(ROOT, file), 'utf8'))).join('\n');
const TEMPLATES = withValues(SAID)
  .split('\n')
  .filter((line) => line.includes(VALUE))
  .join('\n');

/** The words in which some of them, one after the other, are a value; two at least are not. */
function templatesOf(words: readonly string[]): string[] {
  return words.flatMap((_, from) =>
    words.flatMap((_word, last) => {
      const left = words.length - (last - from + 1);
      if (last < from || left < 2) return [];
      const all = [...words.slice(0, from), VALUE, ...words.slice(last + 1)];
      return [all.join(' ').replaceAll(/ ?¤ ?/g, VALUE)];
    }),
  );
}

/** Parts of a message that no code says. */
function unsaid(message: string): string[] {
  const parts = message.split(BETWEEN).map((part) => part.trim());
  return parts.filter((part) => {
    const words = part.split(/\s+/);
    if (words.length < 2 || OF_OTHERS.test(part) || SAID.includes(part)) return false;
    return !templatesOf(words).some((template) => TEMPLATES.includes(template));
  });
}

test('should quote in the guide to troubleshooting only messages that the code has', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .flatMap((line, at) =>
      line.startsWith('| ') ? [{ line: at + 1, first: line.split(' | ', 1)[0] ?? '' }] : [],
    );
  const quoted = rows.flatMap(({ line, first }) =>
    [...first.matchAll(/`([^`]+)`/g)].map(([, message = '']) => ({ line, message })),
  );
  assert.ok(quoted.length > 100, `only ${quoted.length} messages were found`);
  const wrong = quoted.flatMap(({ line, message }) => unsaid(message).map((part) => `${line}: ${part}`));
  assert.deepEqual(wrong, []);
});

test('should notice a message in other words, and take a name for a value', () => {
  assert.deepEqual(unsaid('…; the machine was too busy for a goal of time: …'), [
    'the machine was too busy for a goal of time',
  ]);
  assert.deepEqual(unsaid('NAME cannot be asked: the file /a/b does not exist'), []);
});
