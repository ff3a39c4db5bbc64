/** A named pipe for k6's samples: they are read as they are written, and need no disk space. */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const MAKE_DEADLINE_MS = 5000;
/** More than enough to read what is left in the pipe (at most 64 KiB on Linux) when the writer has ended. */
const DRAIN_DEADLINE_MS = 10_000;

function make(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('mkfifo', ['-m', '600', path], { timeout: MAKE_DEADLINE_MS }, (error) => {
      if (error === null) resolve();
      else reject(new Error(`mkfifo ${path}: ${error.message.trim()}`, { cause: error }));
    });
  });
}

export interface SamplePipe {
  /** To be called when k6 has ended; resolves when everything has been read. */
  drain(): Promise<void>;
}

/**
 * Makes the pipe and reads it.
 * @throws Error when the pipe cannot be made
 */
export async function openPipe(path: string, use: (text: string) => void): Promise<SamplePipe> {
  await make(path);
  // An extra writer: without it the reader could see the end of the pipe before k6 has opened it.
  const hold = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const closed = new Promise<void>((resolve) => reader.once('close', () => resolve()));
  reader.on('error', () => reader.destroy());
  reader.setEncoding('utf8');
  reader.on('data', (text) => use(String(text)));
  return {
    drain: async () => {
      closeSync(hold);
      const late = new AbortController();
      const timer = delay(DRAIN_DEADLINE_MS, undefined, { signal: late.signal }).catch(() => undefined);
      await Promise.race([closed, timer]);
      late.abort();
      reader.destroy();
    },
  };
}
