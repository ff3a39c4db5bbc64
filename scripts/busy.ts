/**
 * Measures from which load on a busy machine changes the verdicts of an unbroken environment: `node scripts/busy.ts --env NAME --out DIR
 * [--jobs 0,1,2,4] [--kind spin|build] [--runs N] --check GLOB...`. For each number of concurrent jobs it runs the checks and prints the
 * CPU share of other processes and the verdicts; `1@50` is one job that runs half of the time. The bound in `reports/judge/busy.ts` comes
 * from this; results are in docs/adr/0013-too-busy-to-judge.md. Results that are in the folder already are reused.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runRecordSchema } from '../reports/record/run-record.ts';
import type { CheckResult } from '../reports/record/run-record.ts';
import { runStep } from './running/steps.ts';

const CLI = resolve(import.meta.dirname, '..', 'cli', 'plumbline.mjs');
const USAGE = 64;
/** Time after which a job ends even if it is never stopped, s. */
const LONGEST_S = 3600;
/** Period in which a job with a share below 1 runs once and rests once. */
const PERIOD_MS = 500;

/** Examples of other load: a busy loop on one core, or a compiler that also reads, writes and uses memory. */
const JOBS: Readonly<Record<string, (folder: string) => string>> = {
  spin: () => 'while :; do :; done',
  build: (folder) =>
    `export GOCACHE=${folder}/cache GOFLAGS= GOTOOLCHAIN=local; while :; do rm -rf "$GOCACHE"; go build -p 1 std; done`,
};

const { values } = parseArgs({
  options: {
    env: { type: 'string' },
    out: { type: 'string' },
    jobs: { type: 'string', default: '0,1,2,4' },
    kind: { type: 'string', default: 'spin' },
    runs: { type: 'string', default: '1' },
    check: { type: 'string', multiple: true },
  },
});
const { env, out, kind } = values;
const checks = values.check ?? [];
const steps = values.jobs.split(',').map(stepOf);
const runs = Number(values.runs);
const job = JOBS[kind];
if (
  env === undefined ||
  out === undefined ||
  checks.length === 0 ||
  job === undefined ||
  !steps.every(isStep)
) {
  process.stderr.write(
    'usage: node scripts/busy.ts --env NAME --out DIR [--jobs 0,1,2,4] [--kind spin|build] [--runs N] --check GLOB...\n',
  );
  process.exit(USAGE);
}
const folder = resolve(out);
const HEAD =
  '| jobs | check | verdict | others took | CPU, disk waited for | seen |\n|---|---|---|---|---|---|';

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
const stopped = (): boolean => interrupt.signal.aborted;

for (const step of steps) {
  if (stopped()) break;
  const at = join(folder, `${kind}-${step.name}`);
  mkdirSync(at, { recursive: true });
  const jobs = Array.from({ length: step.count }, () => begin(job));
  const rest = restNow(jobs, step.share);
  try {
    // One check per run, so that only the jobs run beside it.
    for (let done = resultsIn(at).length; done < runs * checks.length; done++) {
      if (stopped()) break;
      const check = checks[done % checks.length] ?? '';
      await runStep([process.execPath, CLI, 'run', '--env', env, '--check', check, '--out', at], {
        live: true,
        signal: interrupt.signal,
      });
    }
  } finally {
    rest();
    for (const one of jobs) end(one);
  }
  for (const result of resultsIn(at)) process.stdout.write(`${rowOf(step.name, result)}\n`);
}
const table = steps.flatMap(({ name }) =>
  resultsIn(join(folder, `${kind}-${name}`)).map((result) => rowOf(name, result)),
);
const text = `${HEAD}\n${table.join('\n')}\n`;
writeFileSync(join(folder, `${kind}.md`), text);
process.stdout.write(`\n${text}`);

/** A number of jobs that each run for a share of the time. */
interface Step {
  name: string;
  count: number;
  share: number;
}

function stepOf(name: string): Step {
  const [count, percent = '100'] = name.split('@');
  return { name, count: Number(count), share: Number(percent) / 100 };
}

function isStep({ count, share }: Step): boolean {
  return Number.isInteger(count) && count >= 0 && share > 0 && share <= 1;
}

/** Stops and continues jobs so that they run for that share of every period. @returns a function that ends this */
function restNow(jobs: readonly Job[], share: number): () => void {
  if (share === 1) return () => undefined;
  const signal = (name: NodeJS.Signals): void => {
    for (const { child } of jobs) if (child.pid !== undefined) process.kill(-child.pid, name);
  };
  let pause: NodeJS.Timeout | undefined;
  const period = setInterval(() => {
    signal('SIGCONT');
    pause = setTimeout(() => signal('SIGSTOP'), PERIOD_MS * share);
  }, PERIOD_MS);
  return () => {
    clearInterval(period);
    clearTimeout(pause);
  };
}

interface Job {
  child: ChildProcess;
  scratch: string;
}

function begin(command: (scratch: string) => string): Job {
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-busy-'));
  // In a session of its own, so that all of it can be killed. It is not a child of a run, or its CPU time would count as the harness's.
  const child = spawn('timeout', [String(LONGEST_S), 'sh', '-c', command(scratch)], {
    detached: true,
    stdio: 'ignore',
  });
  return { child, scratch };
}

function end({ child, scratch }: Job): void {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
}

function resultsIn(at: string): CheckResult[] {
  const files = existsSync(at)
    ? readdirSync(at)
        .toSorted()
        .map((name) => join(at, name, 'run.json'))
    : [];
  return files
    .filter((file) => existsSync(file) && !file.includes('/latest/'))
    .flatMap((file) => runRecordSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).checks)
    .filter(({ verdict }) => verdict !== 'not-run');
}

function rowOf(step: string, { id, verdict, reason, seen, pressure }: CheckResult): string {
  const of = (ratio: number | undefined): string =>
    ratio === undefined ? '?' : `${Math.round(ratio * 100)} %`;
  const said = (verdict === 'pass' ? seen : reason).replaceAll('|', '/').slice(0, 160);
  return `| ${step} | ${id} | ${verdict} | ${of(pressure?.others?.mean)} | ${of(pressure?.cpu?.mean)}, ${of(pressure?.io?.mean)} | ${said} |`;
}
