/** A named pipe that k6 writes its samples to: they are read as they come and lie on no disk. */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const MAKE_DEADLINE_MS = 5000;
/** What is still in the pipe (64 KiB on Linux) when its writer has ended is read in a moment. */
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
  /** To be called when no one will write any more; resolves when all was read. */
  drain(): Promise<void>;
}

/**
 * Makes the pipe and reads it.
 * @throws Error when it cannot be made
 */
export async function openPipe(path: string, use: (text: string) => void): Promise<SamplePipe> {
  await make(path);
  // A writer of our own, so that the reader sees the end neither before k6 has opened the pipe nor if k6 never does.
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
