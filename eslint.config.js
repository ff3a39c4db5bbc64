import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import playwright from 'eslint-plugin-playwright';
import tseslint from 'typescript-eslint';
import { verdicts } from './scripts/lint/verdicts.js';

/** Which layer may import which: the table of docs/architecture.md. Every layer may import itself. */
const LAYERS = {
  record: { pattern: 'reports/record', may: [] },
  host: { pattern: 'host', may: ['record'] },
  faults: { pattern: 'faults', may: ['host', 'record'] },
  probes: { pattern: 'probes', may: ['faults', 'host', 'record'] },
  env: { pattern: 'env', may: ['probes', 'faults', 'host', 'record'] },
  judge: { pattern: 'reports/judge', may: ['record'] },
  render: { pattern: 'reports/render', may: ['record'] },
  mutation: { pattern: 'reports/mutation', may: ['record', 'judge'] },
  reports: { pattern: 'reports', may: ['record', 'render', 'judge'] },
  load: { pattern: 'load', may: ['env', 'host', 'probes', 'record'] },
  suites: { pattern: 'suites', may: ['env', 'faults', 'host', 'probes', 'record', 'judge', 'load'] },
  runner: {
    pattern: 'runner',
    may: ['env', 'faults', 'host', 'probes', 'record', 'judge', 'render', 'reports', 'load', 'suites'],
  },
  cli: { pattern: 'cli', may: ['runner', 'suites', 'env', 'host', 'reports', 'record', 'judge', 'render'] },
};

/** Parts that must stay pure: no file, no socket, no process. */
const PURE = ['reports/judge/**/*.ts', 'reports/render/**/*.ts', 'reports/mutation/**/*.ts'];
const IO_MODULES = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'dgram',
  'tls',
  'child_process',
  'worker_threads',
];
const NO_IO = IO_MODULES.flatMap((name) => [name, `node:${name}`]).map((name) => ({
  name,
  message: 'Judges and renderers do no I/O.',
}));
/** A literal spread into a literal hides what is written there from types and formatter alike. */
const NO_SPREAD_LITERAL = ['Object', 'Array'].flatMap((kind) =>
  ['', ' > TSAsExpression[typeAnnotation.typeName.name="const"]'].map((cast) => ({
    selector: `SpreadElement${cast} > ${kind}Expression.${cast === '' ? 'argument' : 'expression'}`,
    message: 'Write these fields or elements where they are spread to.',
  })),
);
/** The judge of a check, in its folder, what belongs to it alone, and what the judges of a suite share. */
const JUDGES = ['suites/**/judge.ts', 'suites/**/judge-*.ts', 'suites/*/_judge/**/*.ts'];
const TESTS = ['**/*.test.ts', '**/*.itest.ts', '**/*.bench.ts'];

/**
 * Code between an answer of the environment and the verdict: casts and guesses are forbidden there, since they could make a false
 * verdict.
 */
const FROM_ANSWER_TO_VERDICT = ['faults', 'probes/gpu', 'probes/kubernetes', 'reports', 'runner', 'suites'];
const DOUBLES = ['**/_testing/**'];

export default tseslint.config(
  { ignores: ['node_modules', 'runs', 'test-results', 'load/scenarios'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { boundaries },
    settings: {
      'import/resolver': { node: { extensions: ['.ts', '.js', '.mjs'] } },
      'boundaries/elements': Object.entries(LAYERS).map(([type, { pattern }]) => ({
        type,
        pattern: `${pattern}/**`,
        partialMatch: false,
      })),
    },
    rules: {
      complexity: ['error', 10],
      'no-restricted-syntax': ['error', ...NO_SPREAD_LITERAL],
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } },
      ],
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: Object.entries(LAYERS).map(([type, { may }]) => ({
            from: { element: { type } },
            allow: { to: { element: { types: { anyOf: [type, ...may] } } } },
          })),
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Numbers read well in messages; everything else in a template must be made text on purpose.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      // An interface that extends one type may be there to merge with another, as kinds of observation do.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },
  {
    files: PURE,
    ignores: TESTS,
    rules: {
      'no-restricted-imports': ['error', { paths: NO_IO }],
    },
  },
  {
    files: JUDGES,
    ignores: [...TESTS, ...DOUBLES],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: NO_IO,
          patterns: [
            {
              regex:
                '^(\\.\\./)+(env|faults|host|probes|load)/|/(harness|catalogue)/|/(observe|controls)\\.ts$|^\\./definition\\.ts$',
              message: 'A judge imports only the record and other judges, not what made the record.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['env/*.ts', 'env/schema/**/*.ts', 'env/objectives/**/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '/local/', message: 'The schema and the loader import no provider.' },
            {
              regex: '/providers/index\\.ts$',
              message: 'What is known of an environment is known before any provider is loaded.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['env/providers/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '/local/|^\\./[^/]+/', message: 'A provider is found by its name.' }] },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: [...TESTS, 'env/providers/*/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...NO_SPREAD_LITERAL,
        ...['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression'].map(
          (node) => ({
            selector: `${node} > Literal.source[value=/^\\.{1,2}\\/(.*\\/)?providers\\/[^\\/]+\\//]`,
            message: 'A provider is found by its name: what others may know of it is in its declaration.',
          }),
        ),
      ],
    },
  },
  {
    files: ['runner/safety/**/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '/env/local/|/providers/index\\.ts$|provider-safety',
              message:
                'The guard imports no provider: it is given the rollbacks that only a provider can do.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['probes/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: '@playwright/test', message: 'Probes do not import a test runner.' }] },
      ],
    },
  },
  {
    files: TESTS,
    rules: {
      // node:test returns promises that it awaits itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'describe', 'it', 'suite'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  // Tests and test doubles may import from any layer.
  { files: [...TESTS, ...DOUBLES], rules: { 'boundaries/dependencies': 'off' } },
  {
    files: FROM_ANSWER_TO_VERDICT.map((folder) => `${folder}/**/*.ts`),
    ignores: [...TESTS, ...DOUBLES],
    plugins: { verdicts },
    rules: {
      'verdicts/no-cast-from-unknown': 'error',
      'verdicts/no-named-field-of-observation': 'error',
      'verdicts/no-look-into-reason': 'error',
      'verdicts/no-excuse-without-amount': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    ignores: [...TESTS, ...DOUBLES, 'tests/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '/_testing/', message: 'Test doubles are for tests.' }] },
      ],
    },
  },
  { files: ['suites/**/*.spec.ts'], ...playwright.configs['flat/recommended'] },
  {
    files: ['suites/**/*.spec.ts'],
    rules: {
      // Checks record and the judge decides: a spec that asserts on the environment would be wrong.
      'playwright/expect-expect': 'off',
    },
  },
  { files: ['*.config.ts', '*.config.js'], rules: { 'no-restricted-exports': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', setTimeout: 'readonly' } },
  },
);
