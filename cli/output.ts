/** Standard output of a command, and whether all of it was taken. */
import { fstatSync, writeSync } from 'node:fs';
import { asError, errorCode } from '../reports/record/error-text.ts';

const STDOUT = 1;

/** The first that kept output from being written; null: none did. A reader who has gone (EPIPE) wanted no more. */
let lost: Error | null = null;

export function noteLost(error: Error): void {
  if (errorCode(error) !== 'EPIPE') lost ??= error;
}

export function lostOutput(): Error | null {
  return lost;
}

/** Prints a line. Of a file whose disk is nearly full, Node's stream takes the part that was written for the whole. */
export function print(line: string): void {
  const text = Buffer.from(`${line}\n`);
  if (!isFile()) {
    process.stdout.write(text);
    return;
  }
  try {
    for (let at = 0; at < text.length;) at += writeSync(STDOUT, text, at);
  } catch (error) {
    noteLost(asError(error));
  }
}

/** What Node's stream writes to at once, too: a file or a device, but no terminal. */
function isFile(): boolean {
  const stat = fstatSync(STDOUT);
  return stat.isFile() || (stat.isCharacterDevice() && !process.stdout.isTTY);
}
