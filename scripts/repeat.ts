/**
 * Measures how often the harness is wrong: `npm run repeat -- --runs N --env NAME [--profile P] [--with WORDS] [--check GLOB] [--out DIR]`.
 * Checks an unbroken environment N times and lists verdicts that differ between runs, with their reasons and the pressure on this machine.
 * Runs that are in the folder already count, so an interrupted series can be continued. Exit 0: no check failed and each always had the
 * same verdict; 1: one failed; 2: verdicts differ, or a run left no record.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { PressureWatch } from '../probes/pressure.ts';
import { pressureOf, pressureSchema } from '../reports/record/pressure.ts';
import type { Pressure, PressureLook } from '../reports/record/pressure.ts';
import { runRecordSchema } from '../reports/record/run-record.ts';
import { renderSeries, seriesOf } from './repeat/odd.ts';
import type { RepeatedRun } from './repeat/odd.ts';
import { runStep } from './running/steps.ts';

const CLI = resolve(import.meta.dirname, '..', 'cli', 'plumbline.mjs');
const PRESSURE = 'pressure.json';
/** After this many runs without a record in a row the series is ended: the cause will not go away by itself. */
const MOST_BROKEN = 3;

const keptSchema = z.object({ pressure: pressureSchema.nullable() });

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    env: { type: 'string' },
    profile: { type: 'string', default: 'every-suite' },
    with: { type: 'string' },
    check: { type: 'string', multiple: true },
    out: { type: 'string' },
  },
});
const wanted = Number(values.runs);
if (values.env === undefined || !Number.isSafeInteger(wanted) || wanted < 1) {
  process.stderr.write(
    'usage: npm run repeat -- --runs N --env NAME [--profile P] [--with WORDS] [--check GLOB] [--out DIR]\n',
  );
  process.exit(64);
}
const { env, profile } = values;
const out = resolve(values.out ?? join('runs', `repeat-${env}-${profile}`));
mkdirSync(out, { recursive: true });

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());

let broken = 0;
for (let done = recorded().length; done < wanted && broken < MOST_BROKEN; done = recorded().length) {
  process.stdout.write(`run ${done + 1} of ${wanted}\n`);
  const before = new Set(folders());
  const looks: PressureLook[] = [];
  const watch = new PressureWatch('plumbline').follow((look) => looks.push(look));
  const { exitCode } = await runStep(commandOf(), { live: true, signal: interrupt.signal });
  watch.close();
  const pressure = pressureOf(looks);
  if (interrupt.signal.aborted) break;
  const [folder] = folders().filter((name) => !before.has(name));
  const complete = folder !== undefined && existsSync(join(out, folder, 'run.json'));
  broken = complete ? 0 : broken + 1;
  if (complete) keep(join(out, folder), pressure);
  else process.stdout.write(`the run left no record (exit ${exitCode})\n`);
}
process.exitCode = report();

function commandOf(): [string, ...string[]] {
  const chosen = (values.check ?? []).flatMap((glob) => ['--check', glob]);
  const words = values.with === undefined ? [] : ['--with', values.with];
  return [
    process.execPath,
    CLI,
    'run',
    '--env',
    env,
    '--profile',
    profile,
    ...words,
    ...chosen,
    '--out',
    out,
  ];
}

/** Writes the pressure of a run atomically. A run without this file was interrupted and does not count. */
function keep(folder: string, pressure: Pressure | null): void {
  const file = join(folder, PRESSURE);
  writeFileSync(`${file}.new`, `${JSON.stringify({ pressure })}\n`);
  renameSync(`${file}.new`, file);
}

function folders(): string[] {
  return readdirSync(out, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function recorded(): RepeatedRun[] {
  return folders().flatMap((name): RepeatedRun[] => {
    const [run, pressure] = ['run.json', PRESSURE].map((file) => join(out, name, file));
    if (run === undefined || pressure === undefined || !existsSync(run) || !existsSync(pressure)) return [];
    const record = runRecordSchema.parse(JSON.parse(readFileSync(run, 'utf8')));
    // An interrupted run says nothing about its checks.
    if (record.interrupted !== null) return [];
    const measured = keptSchema.safeParse(JSON.parse(readFileSync(pressure, 'utf8')));
    return [{ record, pressure: measured.data?.pressure ?? null }];
  });
}

function report(): number {
  const series = seriesOf(recorded());
  const text = renderSeries(series);
  writeFileSync(join(out, 'repeat.json'), `${JSON.stringify(series, null, 2)}\n`);
  writeFileSync(join(out, 'repeat.txt'), text);
  process.stdout.write(`\n${text}`);
  if (series.falseFails > 0) return 1;
  return series.runs < wanted || series.checks.some(({ odd }) => odd.length > 0) ? 2 : 0;
}
