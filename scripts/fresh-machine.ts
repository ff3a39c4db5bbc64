/**
 * Tests Plumbline on an unprepared machine: `node scripts/fresh-machine.ts --ssh "ssh -p 2222 root@127.0.0.1" [--archive FILE]
 * [--patience N] [--env NAME] [--with WORDS] [--step NAME]... [--out DIR]`. Copies this checkout with its node_modules there, and an
 * archive of `plumbline toolchain pack` if given, and then runs the steps of `fresh-machine/steps.ts`. It changes and reboots that
 * machine: use a disposable one. Exit 0: every claim held; 1: some did not; 3: the test could not be run; 64: usage.
 */
import { lookUntil } from '../host/wait.ts';
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stepsFor, WORK } from './fresh-machine/steps.ts';
import type { Step } from './fresh-machine/steps.ts';
import { errorText } from '../reports/record/error-text.ts';

const USAGE = 64;
const HARNESS = 3;
/** Maximum of `PLUMBLINE_PATIENCE`. */
const MOST_PATIENCE = 50;
const COPY_S = 900;
const REBOOT_S = 300;
/** Longer than the 10 s that a script gets to end on the remote machine. */
const ENDING_S = 30;
/** Within this time a machine that reboots stops answering. */
const ASK_AGAIN_MS = 5000;
const CHECKOUT = resolve(import.meta.dirname, '..');
const THERE = `${WORK}/checkout`;
const LAST_LINES = 15;

interface Result {
  name: string;
  claim: string;
  held: boolean;
  seconds: number;
}

const { values } = parseArgs({
  options: {
    ssh: { type: 'string' },
    archive: { type: 'string' },
    patience: { type: 'string', default: '1' },
    env: { type: 'string', default: 'local-small' },
    with: { type: 'string', default: 'postgres' },
    step: { type: 'string', multiple: true },
    out: { type: 'string', default: 'runs/fresh-machine' },
  },
});
const patience = Number(values.patience);
const [ssh, ...sshWords] = (values.ssh ?? '').split(' ').filter((word) => word !== '');
const all = stepsFor({ env: values.env, words: values.with, archive: values.archive !== undefined });
const chosen = all.filter(({ name }) => values.step === undefined || values.step.includes(name));
const bad = !(patience >= 1 && patience <= MOST_PATIENCE) || chosen.length === 0;
if (ssh === undefined || bad || (values.archive !== undefined && !existsSync(values.archive))) {
  process.stderr.write(
    'usage: node scripts/fresh-machine.ts --ssh "ssh -p PORT root@HOST" [--archive EXISTING_FILE] [--patience 1 to 50] [--env NAME] [--with WORDS]\n' +
      `       [--step NAME]... [--out DIR]\n  steps: ${all.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(USAGE);
}
const command: [string, ...string[]] = [ssh, ...sshWords];
const out = resolve(values.out);
mkdirSync(out, { recursive: true });

const results: Result[] = [];
if (values.step === undefined) {
  const copied = await copy().catch((error: unknown) => errorText(error));
  if (copied !== undefined) {
    process.stderr.write(`${copied}\n`);
    process.exit(HARNESS);
  }
}
for (const step of chosen) results.push(await tried(step));
writeFileSync(join(out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
const failed = results.filter(({ held }) => !held);
process.stdout.write(`\n${results.length - failed.length} of ${results.length} claims held\n`);
for (const { name, claim } of failed)
  process.stdout.write(`  did not hold: ${name}: ${claim} (${join(out, `${name}.log`)})\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function tried(step: Step): Promise<Result> {
  process.stdout.write(`${step.name}: ${step.claim}\n`);
  const began = performance.now();
  const before = step.reboots === true ? await bootId() : '';
  const code = await remote(step.script, { limitS: step.limitS, log: join(out, `${step.name}.log`) });
  const again = step.reboots !== true || (await rebooted(before));
  const seconds = Math.round((performance.now() - began) / 1000);
  const held = code === 0 && again;
  process.stdout.write(`  ${held ? 'held' : `did NOT hold (exit ${code})`}, ${seconds} s\n`);
  return { name: step.name, claim: step.claim, held, seconds };
}

/** Copies the checkout's tracked and untracked files, its node_modules, and the archive. */
async function copy(): Promise<void> {
  process.stdout.write('copying the checkout\n');
  const listed = `cd '${CHECKOUT}' && { git ls-files -z -co --exclude-standard; printf 'node_modules\\0'; } | tar -cz --null --ignore-failed-read -T -`;
  await piped(['bash', '-c', listed], `mkdir -p ${THERE} && tar -xz --no-same-owner -C ${THERE}`);
  if (values.archive !== undefined) await piped(['cat', values.archive], `cat >${WORK}/plumbline.tar.zst`);
}

async function piped(from: readonly [string, ...string[]], there: string): Promise<void> {
  const [file, ...words] = from;
  const source = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const target = spawn(command[0], [...command.slice(1), there], { stdio: ['pipe', 'ignore', 'inherit'] });
  // If one process ends early, its exit code reports that.
  target.stdin.on('error', () => undefined);
  source.stdout.pipe(target.stdin);
  const codes = await Promise.all([ended(source, COPY_S), ended(target, COPY_S)]);
  if (codes.some((code) => code !== 0))
    throw new Error(
      `the files cannot be copied to the machine: ${file} and ${command[0]} ended with ${codes.join(' and ')}`,
    );
}

/** Runs a script as root in the copy of the checkout. @returns its exit code; 124 if it took too long */
async function remote(script: string, { limitS, log }: { limitS: number; log: string }): Promise<number> {
  // The timeout is on the remote machine, so that nothing of a step is still running during the next one.
  const there = `timeout -k 10 ${Math.ceil(limitS * patience)} bash -s`;
  const child = spawn(command[0], [...command.slice(1), there], { stdio: ['pipe', 'pipe', 'pipe'] });
  const file = createWriteStream(log);
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      file.write(chunk);
      last.push(...chunk.toString('utf8').split('\n'));
      last.splice(0, last.length - LAST_LINES);
    });
  child.stdin.on('error', () => undefined);
  child.stdin.end(
    `set -o pipefail; cd ${THERE} || exit; export PLUMBLINE_PATIENCE=${patience}; {\n${script}\n}\n`,
  );
  const code = await ended(child, limitS + ENDING_S);
  file.end();
  if (code !== 0) process.stdout.write(`${last.map((line) => `    ${line}`).join('\n')}\n`);
  return code;
}

/** The exit code of a child; 124 if it ran longer than the limit, which is multiplied by the patience. */
function ended(child: ReturnType<typeof spawn>, limitS: number): Promise<number> {
  return new Promise((settle) => {
    const timer = setTimeout(
      () => {
        child.kill('SIGKILL');
        settle(124);
      },
      limitS * 1000 * patience,
    );
    child.once('error', () => settle(127));
    child.once('close', (code) => {
      clearTimeout(timer);
      settle(code ?? 1);
    });
  });
}

async function bootId(): Promise<string> {
  const child = spawn(command[0], [...command.slice(1), 'cat /proc/sys/kernel/random/boot_id'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  return (await ended(child, REBOOT_S / 10)) === 0 ? said.trim() : '';
}

/** Reboots the machine and waits until it answers. */
async function rebooted(before: string): Promise<boolean> {
  await remote('systemctl reboot --no-block', { limitS: 60, log: join(out, 'rebooting.log') });
  const isAnother = (now: string): boolean => now !== '' && now !== before;
  const deadlineMs = REBOOT_S * 1000 * patience;
  return isAnother(await lookUntil(bootId, isAnother, { deadlineMs, intervalMs: ASK_AGAIN_MS }));
}
