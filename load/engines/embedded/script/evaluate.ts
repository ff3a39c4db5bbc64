import { dirname } from 'node:path';
import { Script } from 'node:vm';
import { executionApi } from '../api/execution.ts';
import type { SharedFiles } from '../api/files.ts';
import { HttpApi } from '../api/http/http.ts';
import { iterate } from '../api/iterate.ts';
import { K6Api } from '../api/k6.ts';
import { metricsApi } from '../api/metrics.ts';
import type { LogLevel } from '../api/thread.ts';
import type { Vu } from '../api/vu.ts';
import type { Bundle } from './bundle.ts';
import { RUNTIME } from './runtime.ts';

export type Exports = Readonly<Record<string, unknown>>;
type ModuleFunction = (runtime: ModuleRuntime) => void;

/** A script, compiled once for a thread and evaluated for each of its VUs. */
export class CompiledScript {
  readonly #bundle: Bundle;
  readonly #functions: ModuleFunction[];
  readonly #files: SharedFiles;

  constructor(bundle: Bundle, files: SharedFiles) {
    this.#bundle = bundle;
    this.#files = files;
    this.#functions = bundle.modules.map(({ path, code }) => {
      // On the same line as the script's first line, so that stacks have the script's line numbers.
      const source = `(function (${RUNTIME}) { 'use strict'; ${code}\n})`;
      return new Script(source, { filename: path }).runInThisContext() as ModuleFunction;
    });
  }

  /** Runs the top-level code of every module for a VU. @returns the script's exports. @throws what the script throws */
  evaluate(vu: Vu): Exports {
    const k6 = modulesOf(vu, this.#files);
    const evaluated = new Map<string, object>();
    let last: object = {};
    this.#bundle.modules.forEach(({ path, imports }, index) => {
      const runtime = new ModuleRuntime(vu, {
        k6: (specifier) => k6.get(specifier) ?? {},
        file: (at) => evaluated.get(imports[at] ?? '') ?? {},
        open: (name, mode) => this.#files.open(vu, dirname(path), { path: name, mode }),
        exports: (namespace) => evaluated.set(path, (last = namespace)),
      });
      this.#functions[index]?.(runtime);
    });
    vu.initialising = false;
    return last as Exports;
  }
}

function modulesOf(vu: Vu, files: SharedFiles): Map<string, object> {
  const modules = Object.entries({
    k6: new K6Api(vu),
    'k6/http': new HttpApi(vu),
    'k6/metrics': metricsApi(vu),
    'k6/execution': executionApi(vu),
    'k6/data': { SharedArray: files.sharedArray(vu) },
  });
  return new Map(modules.map(([name, module]) => [name, Object.assign(module, { default: module })]));
}

interface Links {
  k6: (specifier: string) => object;
  file: (index: number) => object;
  open: (path: unknown, mode: unknown) => string | ArrayBuffer;
  exports: (namespace: object) => void;
}

/** The object that the rewritten code of one module sees under the name `RUNTIME`. */
class ModuleRuntime {
  readonly #vu: Vu;
  readonly k6: Links['k6'];
  readonly file: Links['file'];
  readonly open: Links['open'];
  readonly iterate = iterate;
  readonly console: Record<string, (...values: unknown[]) => void>;
  readonly #exports: Links['exports'];

  constructor(vu: Vu, links: Links) {
    this.#vu = vu;
    this.k6 = links.k6;
    this.file = links.file;
    this.open = links.open;
    this.#exports = links.exports;
    this.console = consoleOf(vu);
  }

  get __VU(): number {
    return this.#vu.id;
  }

  get __ITER(): number {
    return this.#vu.iteration;
  }

  get __ENV(): Record<string, string> {
    return this.#vu.env;
  }

  /** Called first in every module, with getters for its exports, and the modules that it re-exports with `export *`. */
  exports(getters: object, ...all: readonly object[]): void {
    for (const from of all)
      for (const name of Object.keys(from))
        if (name !== 'default' && !Object.hasOwn(getters, name))
          Object.defineProperty(getters, name, { enumerable: true, get: () => (from as Exports)[name] });
    this.#exports(getters);
  }
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  debug: 'debug',
};

function consoleOf(vu: Vu): ModuleRuntime['console'] {
  const entries = Object.entries(LEVELS).map(([name, level]) => [
    name,
    (...values: unknown[]) => vu.thread.log(level, values.map(textOf).join(' ')),
  ]);
  return Object.fromEntries(entries) as ModuleRuntime['console'];
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ?? value.message;
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' ? text : String(value);
  } catch {
    return String(value);
  }
}
