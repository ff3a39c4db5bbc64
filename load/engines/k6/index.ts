/** Runs scenarios with the `k6` on PATH (2.x). README.md describes how, and what k6 does not report. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadEngine, LoadListener, LoadRequest, LoadResult } from '../engine.ts';
import { secretsHidden } from '../redact.ts';
import { findK6, type Found } from './binary.ts';
import { bundleWith, variablesProblem, type Files } from './command.ts';
import { emptyResult } from './result.ts';
import { runK6 } from './session.ts';
import { errorText } from '../../../reports/record/error-text.ts';

export interface K6Options {
  /** PATH to search for `k6`; default: that of this process. */
  path?: string;
  /** From SIGINT to SIGKILL. */
  interruptMs?: number;
}

/** After SIGINT, k6 runs teardown() for up to 60 s and handleSummary for up to 120 s (its defaults). */
const INTERRUPT_MS = 180_000;

async function prepare(request: LoadRequest): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-k6-'));
  const at = (name: string): string => join(folder, name);
  const files = {
    folder,
    config: at('config.json'),
    points: at('points'),
    summary: at('summary.json'),
    ca: at('ca.pem'),
  };
  await writeFile(files.config, '{}');
  if (request.ca !== undefined) await writeFile(files.ca, bundleWith(request.ca));
  return files;
}

export class K6Engine implements LoadEngine {
  readonly name = 'k6';
  readonly #path: string;
  readonly #interruptMs: number;
  #found: Promise<Found> | undefined;

  constructor(options: K6Options = {}) {
    this.#path = options.path ?? process.env.PATH ?? '';
    this.#interruptMs = options.interruptMs ?? INTERRUPT_MS;
  }

  async unavailable(): Promise<string | null> {
    const found = await this.#find();
    return 'problem' in found ? found.problem : null;
  }

  async run(request: LoadRequest, listener: LoadListener, signal: AbortSignal): Promise<LoadResult> {
    const found = await this.#find();
    const fail = (reason: string): LoadResult =>
      emptyResult('version' in found ? found.version : 'none', { outcome: 'failed', reason });
    const problem = 'problem' in found ? found.problem : variablesProblem(request.variables);
    if (problem !== null || 'problem' in found) return fail(problem ?? '');
    let files: Files | undefined;
    try {
      files = await prepare(request);
      const tools = { binary: found, files, redact: secretsHidden(request), interruptMs: this.#interruptMs };
      return await runK6(request, tools, listener, signal);
    } catch (error) {
      return fail(secretsHidden(request)(errorText(error)));
    } finally {
      if (files !== undefined) await rm(files.folder, { recursive: true, force: true });
    }
  }

  #find(): Promise<Found> {
    this.#found ??= findK6(this.#path);
    return this.#found;
  }
}
