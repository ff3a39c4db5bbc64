/** For tests only: a temporary state folder, and stub programs that precede the machine's in PATH. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StubbedMachine {
  readonly folder: string;
  /** Puts a shell script in the place of a program. */
  readonly stub: (program: string, script: string) => void;
  /** Restores the environment variables and removes the folder. */
  readonly remove: () => void;
}

/** `PATH` and `PLUMBLINE_STATE` point into a new folder until `remove` is called. */
export function stubMachine(): StubbedMachine {
  const { PATH: path, PLUMBLINE_STATE: state } = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-machine-'));
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  process.env['PATH'] = `${programs}:${path ?? ''}`;
  process.env['PLUMBLINE_STATE'] = join(folder, 'state');
  return {
    folder,
    stub(program, script) {
      const file = join(programs, program);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    },
    remove() {
      process.env['PATH'] = path;
      if (state === undefined) delete process.env['PLUMBLINE_STATE'];
      else process.env['PLUMBLINE_STATE'] = state;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The next warning of this process that names a file. */
export function warningAbout(path: string): Promise<string> {
  return new Promise((resolve) => {
    const look = ({ message }: Error): void => {
      if (!message.includes(path)) return;
      process.off('warning', look);
      resolve(message);
    };
    process.on('warning', look);
  });
}
