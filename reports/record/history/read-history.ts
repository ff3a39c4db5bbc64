import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { goalsSchema } from '../goals.ts';
import { HISTORY_SCHEMA, pathIn } from './history.ts';
import type { History, HistoryHeader, Observation, PathHistory } from './history.ts';
import { OperationColumns } from './operation-columns.ts';
import { parseObservation } from './parse-observation.ts';
import { parseOperation } from './parse-operation.ts';
import type { OperationSink } from './parse-operation.ts';
import { pressureLookSchema, pressureOf, PRESSURE_FILE } from '../pressure.ts';
import type { PressureLook } from '../pressure.ts';
import { settingsSchema } from '../settings.ts';
import { errorText } from '../error-text.ts';
import { isRecord } from '../is-record.ts';

/** A history that cannot be judged at all: its header is missing, cut or of another schema. */
export class UnreadableHistoryError extends Error {
  override readonly name = 'UnreadableHistoryError';
}

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const HEADER_FILE = 'check.ndjson';

/**
 * Reads one trial's folder of NDJSON files, and the folders in it that hold what further paths of clients saw. Observations come sorted by time over all files; operations come in the
 * order in which they ended. A cut last line is left out, a line that does not parse is listed in `damaged`.
 * @throws UnreadableHistoryError when the folder cannot be read, or has no usable header as the first line of `check.ndjson`
 */
export async function readHistory(folder: string, signal?: AbortSignal): Promise<History> {
  const state = nothingRead();
  for (const file of await filesOf(folder)) await readFile(join(folder, file), file, state, signal);
  for (const path of await pathFoldersOf(folder))
    for (const file of await filesOf(join(folder, path)))
      await readFile(join(folder, path, file), `${path}/${file}`, state, signal);
  return finish(state, folder);
}

/** As `readHistory`, for files in memory (that of a path as `path-NAME/FILE`): `take` them in the order of their names, then `finish`. */
export class HistoryReader {
  readonly #state = nothingRead();

  /** @returns the observations of this file, in its order; `finish` gives the same objects. */
  take(name: string, bytes: Buffer): Observation[] {
    const { observations } = targetOf(this.#state, name);
    const from = observations.length;
    takeLines(bytes, { stop: bytes.length, line: 0, name }, this.#state);
    return observations.slice(from);
  }

  /** @throws UnreadableHistoryError as `readHistory` does; `where` is named in its message */
  finish(where: string): History {
    return finish(this.#state, where);
  }
}

function nothingRead(): ReadState {
  return {
    atHeader: false,
    header: null,
    observations: [],
    writes: new OperationColumns(),
    reads: new OperationColumns(),
    damaged: [],
    paths: new Map(),
    pressure: [],
  };
}

function finish(state: ReadState, where: string): History {
  if (state.header === null) {
    throw new UnreadableHistoryError(
      `${join(where, HEADER_FILE)}: no header: expected a first line {"kind":"header",…}`,
    );
  }
  return {
    header: state.header,
    observations: state.observations.toSorted((a, b) => a.t - b.t),
    writes: state.writes.finish(),
    reads: state.reads.finish(),
    damaged: state.damaged,
    ...(state.paths.size > 0 && { paths: pathsOf(state) }),
    pressure: pressureOf(state.pressure.toSorted((a, b) => a.t - b.t)),
  };
}

function pathsOf({ paths }: ReadState): PathHistory[] {
  return [...paths].map(([name, { observations, writes }]) => ({
    name,
    observations: observations.toSorted((a, b) => a.t - b.t),
    writes: writes.finish(),
  }));
}

/**
 * Folders `trial-NN` of a check's history, in the order of their numbers, as absolute paths if `checkFolder` is one.
 * @throws UnreadableHistoryError when the folder cannot be read
 */
export async function trialFolders(checkFolder: string): Promise<string[]> {
  const names = (await list(checkFolder)).filter((name) => /^trial-\d+$/.test(name));
  names.sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  return names.map((name) => join(checkFolder, name));
}

/** Where the lines of a client load go. */
interface Lines extends OperationSink {
  observations: Observation[];
}

interface ReadState extends Lines {
  /** At the first line of `check.ndjson`, the only place for a header. */
  atHeader: boolean;
  header: HistoryHeader | null;
  damaged: History['damaged'];
  /** By the name of the path. */
  paths: Map<string, Lines>;
  pressure: PressureLook[];
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new UnreadableHistoryError(`cannot read the history ${folder}: ${errorText(cause)}`, {
      cause,
    });
  }
}

async function filesOf(folder: string): Promise<string[]> {
  return (await list(folder)).filter((name) => name.endsWith('.ndjson')).sort();
}

async function pathFoldersOf(folder: string): Promise<string[]> {
  return (await list(folder)).filter((name) => pathIn(name) !== null).sort();
}

/** The lines of the trial itself, or of the path whose file this is. */
function targetOf(state: ReadState, file: string): Lines {
  const [folder = '', ...inside] = file.split('/');
  const path = inside.length === 0 ? null : pathIn(folder);
  if (path === null) return state;
  const known = state.paths.get(path);
  if (known !== undefined) return known;
  const lines = { observations: [], writes: new OperationColumns(), reads: new OperationColumns() };
  state.paths.set(path, lines);
  return lines;
}

/** Splits a file into lines without turning it into strings; memory is one chunk and the longest line. */
async function readFile(path: string, name: string, state: ReadState, signal?: AbortSignal): Promise<void> {
  const handle = await open(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let kept = 0;
    let line = 0;
    for (;;) {
      signal?.throwIfAborted();
      // A line longer than the buffer: double it.
      if (kept === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const { bytesRead } = await handle.read(buffer, kept, buffer.length - kept, null);
      if (bytesRead === 0) return;
      const end = kept + bytesRead;
      const taken = takeLines(buffer, { stop: end, line, name, from: kept }, state);
      line = taken.line;
      buffer.copy(buffer, 0, taken.start, end);
      kept = end - taken.start;
    }
  } finally {
    await handle.close();
  }
}

interface Span {
  /** End of the file's bytes in the buffer. */
  stop: number;
  /** Lines of the file before this span. */
  line: number;
  name: string;
  /** Where to resume the search for a newline: there is none before. */
  from?: number;
}

/** @returns how many lines of the file were read, and where the first incomplete line begins */
function takeLines(
  buffer: Buffer,
  { stop: end, line, name, from = 0 }: Span,
  state: ReadState,
): { line: number; start: number } {
  const into = targetOf(state, name);
  let start = 0;
  let stop = buffer.indexOf(NEWLINE, from);
  while (stop !== -1 && stop < end) {
    line += 1;
    state.atHeader = line === 1 && name === HEADER_FILE;
    const taken =
      name === PRESSURE_FILE
        ? takePressure(buffer, start, stop, state)
        : takeLine(buffer, { start, stop, into }, state);
    if (!taken) state.damaged.push({ file: name, line });
    start = stop + 1;
    stop = buffer.indexOf(NEWLINE, start);
  }
  return { line, start };
}

/** False when the line is damaged. */
function takePressure(buffer: Buffer, start: number, stop: number, state: ReadState): boolean {
  const look = pressureLookSchema.safeParse(parseObject(buffer.toString('utf8', start, stop)));
  if (look.success) state.pressure.push(look.data);
  return look.success;
}

/** False when the line is damaged. */
function takeLine(
  buffer: Buffer,
  { start, stop, into }: { start: number; stop: number; into: Lines },
  state: ReadState,
): boolean {
  if (start === stop) return true;
  const first = buffer[start];
  if (first === OPEN_BRACKET) return parseOperation(buffer, start, stop, into);
  if (first !== OPEN_BRACE) return false;
  const value = parseObject(buffer.toString('utf8', start, stop));
  if (value === null) return false;
  if (value['kind'] === 'header') return takeHeader(value, state);
  const seen = parseObservation(value);
  if (seen !== null) into.observations.push(seen);
  return seen !== null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

const headerSchema = z.object({
  kind: z.literal('header'),
  schema: z.literal(HISTORY_SCHEMA),
  check: z.string(),
  run: z.string().optional(),
  trial: z.int(),
  environment: z.string(),
  size: z.string().optional(),
  goals: goalsSchema,
  settings: settingsSchema,
  anchor: z.object({ wall: z.string(), monoMs: z.number() }),
});

/** @throws UnreadableHistoryError for a schema that this version does not know, or a header that does not fit: judging it would be guessing. */
function takeHeader(value: Record<string, unknown>, state: ReadState): boolean {
  if (!state.atHeader) return false;
  if (value['schema'] !== HISTORY_SCHEMA) {
    throw new UnreadableHistoryError(
      `${HEADER_FILE}: schema ${String(value['schema'])}, but this version reads ${HISTORY_SCHEMA}: judge it with the Plumbline version that wrote it`,
    );
  }
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UnreadableHistoryError(
      `${HEADER_FILE}: the header does not fit: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  state.header = parsed.data;
  return true;
}
