/** A copy of the checkout to which a colleague adds something, word for word as a page of docs/extend/ says. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const CHECKOUT = path.join(import.meta.dirname, '..', '..');
const LONGEST_MS = 600_000;

export interface Ended {
  code: number | null;
  /** Standard output and error. */
  output: string;
}

export class Copy {
  readonly root = mkdtempSync(path.join(tmpdir(), 'plumbline-add-one-'));

  constructor() {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: CHECKOUT,
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    for (const file of listed
      .split('\0')
      .filter((name) => name !== '' && !name.startsWith('tests/histories'))
      // Git still lists what was removed and is not committed yet.
      .filter((name) => existsSync(path.join(CHECKOUT, name))))
      cpSync(path.join(CHECKOUT, file), path.join(this.root, file));
    symlinkSync(path.join(CHECKOUT, 'node_modules'), path.join(this.root, 'node_modules'));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  write(file: string, text: string | Buffer): void {
    mkdirSync(path.dirname(path.join(this.root, file)), { recursive: true });
    writeFileSync(path.join(this.root, file), text);
  }

  read(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  /** Replaces a text that must be there once. @throws Error when it is not */
  change(file: string, from: string, to: string): void {
    const parts = this.read(file).split(from);
    if (parts.length !== 2) throw new Error(`${file} has "${from}" ${parts.length - 1} times: expected once`);
    this.write(file, parts.join(to));
  }

  /**
   * Writes every file that a page shows: its path in backticks on a line of its own, then a block of code.
   * @returns their paths
   * @throws Error when one of them imports a file that is not there, types included, which Node would not notice
   */
  follow(page: string): string[] {
    const blocks = [...this.read(page).matchAll(/^`([^`\n]+)`\n\n```(?:ts|yaml)\n(.*?)^```$/gms)];
    for (const [, file = '', text = ''] of blocks) this.write(file, text);
    for (const [, file = '', text = ''] of blocks)
      for (const [, from = ''] of text.matchAll(/(?:from |import\(|module )'(\.[^']+)'/g))
        if (!existsSync(path.join(this.root, path.dirname(file), from)))
          throw new Error(`${page}: ${file} imports ${from}, which is not there`);
    return blocks.map(([, file = '']) => file);
  }

  node(...args: string[]): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: this.root,
      encoding: 'utf8',
      timeout: LONGEST_MS,
      // A copy has another path each time: what was compiled of it is kept in it, and goes with it.
      env: { ...process.env, FORCE_COLOR: '0', NODE_COMPILE_CACHE: path.join(this.root, '.compiled') },
    });
    return { code: status, output: `${stdout}${stderr}` };
  }

  plumbline(...args: string[]): Ended {
    return this.node('cli/plumbline.mjs', ...args);
  }

  /** What a few lines of code print as JSON, run in the copy. @throws Error with what they said when they end badly */
  ask(code: string): unknown {
    const { code: status, output } = this.node('--input-type=module', '--eval', code);
    if (status !== 0) throw new Error(output);
    return JSON.parse(output);
  }
}
