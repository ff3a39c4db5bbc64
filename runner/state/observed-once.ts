import { monoMs } from '../../host/clock.ts';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { checkFolderName } from '../record/run-folder.ts';
import { RUNNER_FILE } from './trials.ts';

/** What was seen longer ago is looked at again: the platform may be another one by then. */
const FRESH_MS = 600_000;

const headerSchema = z.looseObject({
  kind: z.literal('header'),
  check: z.string(),
  anchor: z.strictObject({ wall: z.string(), monoMs: z.number() }),
});
type Header = z.infer<typeof headerSchema>;

interface Observed {
  header: Header;
  /** What was recorded after the header. */
  text: string;
  /** The other files of the trial: what the runner recorded for the check, and how busy the machine was. */
  files: string[];
}

/** What several checks of a run look at: the first of them observes it, and the others are given its lines. */
export class ObservedOnce {
  readonly #observed = new Map<string, Observed>();

  /** The check that has observed it of late in a trial of the same number; null: it must be observed. */
  observerOf(observation: string, trial: string): string | null {
    const { header } = this.#observed.get(keyOf(observation, trial)) ?? {};
    return header === undefined || monoMs() - header.anchor.monoMs > FRESH_MS ? null : header.check;
  }

  /** Keeps what was recorded in a trial so far. */
  keep(observation: string, trial: string): void {
    this.#observed.set(keyOf(observation, trial), read(trial));
  }

  /** Gives it to a trial in which nothing is recorded yet. Its times stay as they were, so the trial begins when it did. */
  give(observation: string, trial: string): void {
    const { header, text, files = [] } = this.#observed.get(keyOf(observation, trial)) ?? {};
    const own = read(trial);
    if (header === undefined || own.text !== '')
      throw new Error(`${observation} cannot be given to ${own.header.check}, which has recorded something`);
    writeFileSync(fileOf(trial), `${JSON.stringify({ ...own.header, anchor: header.anchor })}\n${text}`);
    const observer = path.join(trial, '..', '..', checkFolderName(header.check), path.basename(trial));
    for (const file of files) appendFileSync(path.join(trial, file), readFileSync(path.join(observer, file)));
  }
}

const CHECK_FILE = 'check.ndjson';
const fileOf = (trial: string): string => path.join(trial, CHECK_FILE);

/** Controls have histories of their own: what is seen while something is broken is for one check alone. */
const keyOf = (observation: string, trial: string): string =>
  path.join(trial, '..', '..', observation, path.basename(trial));

function read(trial: string): Observed {
  const text = readFileSync(fileOf(trial), 'utf8');
  const end = text.indexOf('\n') + 1;
  return {
    header: headerSchema.parse(JSON.parse(text.slice(0, end))),
    text: text.slice(end),
    files: readdirSync(trial, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== CHECK_FILE && entry.name !== RUNNER_FILE)
      .map(({ name }) => name),
  };
}
