/** Records in `render/accepted/`, made small or by hand, which between them hold everything that a report can show. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseRun } from '../record/parse-run.ts';
import type { RunRecord } from '../record/run-record.ts';

export const ACCEPTED_FOLDER = path.join(import.meta.dirname, '..', 'render', 'accepted');
export const ACCEPTED_RUNS = ['met', 'not-met', 'inconclusive', 'drill'] as const;

export function acceptedRun(name: (typeof ACCEPTED_RUNS)[number]): RunRecord {
  return parseRun(readFileSync(path.join(ACCEPTED_FOLDER, name, 'run.json'), 'utf8'));
}
