import { existsSync, readFileSync } from 'node:fs';
import type { PlaywrightEnd } from './playwright.ts';

const LOG_TAIL_CHARACTERS = 2000;

/** Why a check never came to `check.end`, from what Playwright left behind. */
export function silence(end: PlaywrightEnd, complaint: string | undefined): string {
  const ended = end.signal === null ? `exit code ${String(end.code)}` : end.signal;
  const said = complaint === undefined ? '' : `; it said: ${complaint}`;
  const tail = existsSync(end.log) ? readFileSync(end.log, 'utf8').slice(-LOG_TAIL_CHARACTERS) : '';
  return `its test never reported: Playwright or its worker died (${ended})${said}\n${tail}`.trimEnd();
}
