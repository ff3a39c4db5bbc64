import { monoMs } from '../../host/clock.ts';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Fields, Kind } from '../../reports/record/observations/index.ts';

type OptionalTime = { t?: number };

/** What is handed in beside the kind: nothing for a kind without fields. */
export type RecordedFields<K extends Kind> = keyof Fields<K> extends never
  ? [fields?: Fields<K> & OptionalTime]
  : [fields: Fields<K> & OptionalTime];

/** Appends to one trial's `check.ndjson`. Each line is in the kernel's hands when `append` returns, so a killed runner loses nothing. */
export class Observations {
  #file: number | null;

  constructor(folder: string) {
    this.#file = openSync(join(folder, 'check.ndjson'), 'a');
  }

  /** Once closed, nothing is recorded: a body that was given up may still run, and its file number may be another file's by then. */
  append<K extends Kind>(kind: K, ...[fields]: RecordedFields<K>): void {
    if (this.#file === null) return;
    writeSync(this.#file, `${JSON.stringify({ kind, t: monoMs(), ...fields })}\n`);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}
