import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Journal } from './journal.ts';
import { isMirrored } from './mirror.ts';
import { HolderRecord, recordedProcess, replaceFile } from '../lease/processes.ts';
import type { Entry } from '../types.ts';
import { atMost } from '../../../reports/record/at-most.ts';

/** Failures of the timer on the host, for the next command to report: nobody reads the timer's log unprompted. */
const TROUBLE_FILE = 'host-timer-trouble.json';
/** The record of the running timer; see host-timer.ts. */
const TIMER_FILE = 'host-timer.json';
/** Present while the undo Job has been armed and not disarmed; see host-timer.ts. */
const JOB_FILE = 'cluster-timer.json';
/** Open entries that are named; the rest are counted. */
const NAMED = 3;
/** Maximum length of the reason of each. */
const NOTE_CHARACTERS = 200;

const troubleSchema = z.object({ since: z.string(), tries: z.number() });
type Trouble = z.infer<typeof troubleSchema>;

/** @param tries how often the timer has tried in vain */
export function writeTrouble(folder: string, tries: number): void {
  const since = readTrouble(folder)?.since ?? new Date().toISOString();
  const trouble: Trouble = { since, tries };
  replaceFile(join(folder, TROUBLE_FILE), JSON.stringify(trouble));
}

export function clearTrouble(folder: string): void {
  rmSync(join(folder, TROUBLE_FILE), { force: true });
}

function readTrouble(folder: string): Trouble | null {
  const file = join(folder, TROUBLE_FILE);
  if (!existsSync(file)) return null;
  try {
    return troubleSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * What a finished run has left undone on this machine and what its timer has done since, as one sentence; null when nothing is left, or
 * while a holder runs. To be reported before anything else: the environment is broken until then.
 */
export function leftOpen(folder: string): string | null {
  if (!existsSync(folder) || new HolderRecord(folder).living().length > 0) return null;
  const journal = new Journal(folder);
  const open = journal.open();
  const unread = journal.damaged().filter(({ kind }) => kind === 'unfit');
  if (open.length + unread.length === 0) return null;
  const actions = open.map(({ title, check, note }) => {
    const why = note === undefined ? '' : `: ${note.replaceAll(/\s+/g, ' ').slice(0, NOTE_CHARACTERS)}`;
    return `${title} (${check}${why})`;
  });
  const named = [...atMost(actions, NAMED), ...unread.map(({ text }) => text)];
  return `LEFT BROKEN by an earlier run, ${open.length + unread.length} not undone: ${named.join('; ')}; ${stateOf(folder, open, unread.length)}`;
}

/** Who undoes it, as far as that is known here. */
function stateOf(folder: string, open: readonly Entry[], unread: number): string {
  // The Job writes what it has undone into the cluster's mirror, not into this journal.
  if (unread === 0 && open.every(isMirrored) && existsSync(join(folder, JOB_FILE)))
    return 'the undo Job in the cluster undoes it within a minute after the run has ended, and this journal does not show whether it has';
  return timerState(folder);
}

function timerState(folder: string): string {
  const lives = recordedProcess(join(folder, TIMER_FILE)) !== null;
  const trouble = readTrouble(folder);
  if (trouble === null)
    return lives ? 'the timer on this host is about to undo it' : 'no timer on this host undoes it';
  const tried = `the timer on this host has tried ${trouble.tries} times since ${trouble.since}`;
  return lives ? `${tried} and keeps trying` : `${tried} and no longer runs`;
}
