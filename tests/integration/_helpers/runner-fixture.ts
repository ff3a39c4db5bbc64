import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { stateDir } from '../../../host/paths.ts';
import { readStamp } from '../../../env/local/state/stamp.ts';
import type { RunRecord } from '../../../reports/record/run-record.ts';
import { declaringOnly, smallDeclared } from './provisioned-stores.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
export const KUBECONFIG = join(stateDir('local-small'), 'kubeconfig');

export interface CommandEnd {
  code: number | null;
  output: string;
}

/** The command line, as a person starts it. */
export function plumbline(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; onStart?: (child: ChildProcess) => void } = {},
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'cli', 'plumbline.mjs'), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    options.onStart?.(child);
    let output = '';
    const take = (text: string) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** A folder of its own for a test file, removed at the end. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-itest-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Variation {
  kubeconfig?: string;
  pin?: Partial<{ kubeSystemUid: string; caSha256: string }>;
  platform?: string;
  timeouts?: Record<string, { seconds: number; reason: string }>;
}

/** local-small as somebody else's cluster would be declared: by kubeconfig and pin, kind `staging`. Returns the file. */
export function asForeign(folder: string, name: string, variation: Variation = {}): string {
  const stamp = readStamp('local-small');
  if (!stamp)
    throw new Error('local-small is not up: these tests need it (plumbline env up --env local-small)');
  const environment = declaringOnly(smallDeclared('local-small'), stamp.with);
  const namespaces = environment['namespaces'] as Record<string, string>;
  const changed = {
    ...environment,
    name,
    kind: 'staging',
    cluster: {
      kubeconfig: { file: variation.kubeconfig ?? KUBECONFIG },
      pin: { kubeSystemUid: stamp.uid, caSha256: stamp.caSha256, ...variation.pin },
    },
    ...(variation.timeouts && { timeouts: variation.timeouts }),
    namespaces: { ...namespaces, ...(variation.platform !== undefined && { platform: variation.platform }) },
  };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(changed).replaceAll('$STATE', stateDir('local-small')));
  return file;
}

/** The one run of a folder; `output` is what the command said. */
export function onlyRun(out: string, output = ''): { folder: string; record: RunRecord } {
  const names = readdirSync(out).filter((name) => name !== 'latest');
  const [name] = names;
  if (name === undefined || names.length > 1)
    throw new Error(`expected one run in ${out}, found ${names.join(', ') || 'none'}\n${output}`);
  const folder = join(out, name);
  return { folder, record: JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunRecord };
}
