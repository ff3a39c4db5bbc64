import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { fixtureRecord } from '../../reports/render/_testing/fixture.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { judgeRun } from '../run/judge-run.ts';
import { readStored, storedPath } from '../../scripts/histories/stored.ts';
import { readDigests } from './digests.ts';
import { judgeCheck } from './judging.ts';
import { writeRecord } from './record.ts';
import { makeRunFolder, trialFolder, type RunFolder } from './run-folder.ts';
import { writeEnd, writePlan } from './run-history.ts';

const CHECK = 'topology/nodes/pools';
const FOLDER = 'topology.nodes.pools';

/** A run of two trials, with its record. */
async function ranIn(context: TestContext): Promise<RunFolder> {
  const folder = makeRunFolder(tempFolder(context), 'local');
  for (const trial of [1, 2]) endTrial(folder, trial);
  await writeRecord(fixtureRecord([]), folder, (text) => text);
  return folder;
}

/** As the stored history, which passes, at a pace of its own. */
function endTrial({ histories }: RunFolder, trial: number): void {
  const stored = readStored(storedPath(CHECK) ?? assert.fail());
  for (const { name, text } of stored.files) {
    mkdirSync(trialFolder(histories, CHECK, trial), { recursive: true });
    const file = join(trialFolder(histories, CHECK, trial), name);
    const paced = text.replaceAll(/"t":(\d+\.\d+)/g, (_, t) => `"t":${Number(t) * (1 + trial / 1_000)}`);
    writeFileSync(file, paced.replace('"trial":1', `"trial":${trial}`));
  }
}

const judged = ({ path, histories }: RunFolder): Promise<Judgement> =>
  judgeCheck(histories, CHECK, readDigests(path));

const digestRule = ({ rules = [] }: Judgement) => rules.find(({ id }) => id === 'whole/digest');

const fileOf = ({ histories }: RunFolder, trial: number): string =>
  join(histories, FOLDER, `trial-0${trial}`, 'check.ndjson');

test('should find every file of a trial as its run left it', async (context) => {
  const folder = await ranIn(context);
  assert.deepEqual(
    readDigests(folder.path)?.map(({ file, lines }) => [file, lines]),
    [1, 2].map((trial) => [
      `${FOLDER}/trial-0${trial}/check.ndjson`,
      readFileSync(fileOf(folder, trial), 'utf8').split('\n').length - 1,
    ]),
  );
  const judgement = await judged(folder);
  assert.deepEqual([judgement.verdict, digestRule(judgement)?.verdict], ['pass', 'pass']);
  assert.equal(digestRule(await judgeCheck(folder.histories, CHECK)), undefined, 'without run.json');
});

test('should pass no changed byte, no line less or more, and no file that is gone or new', async (context) => {
  const changes: [RegExp, (folder: RunFolder) => void][] = [
    [
      /trial-01\/check\.ndjson: expected (\d+) lines of SHA-256 [0-9a-f]{64}, seen \1 lines of SHA-256 /,
      (folder) => {
        const file = fileOf(folder, 1);
        writeFileSync(file, readFileSync(file, 'utf8').replace('"apiRequest":10000', '"apiRequest":10001'));
      },
    ],
    [
      /trial-02\/check\.ndjson: expected \d+ lines of .*, seen \d+ lines of /,
      (folder) => {
        const file = fileOf(folder, 2);
        writeFileSync(file, readFileSync(file, 'utf8').replace(/\n\{"kind":"node".*\n/, '\n'));
      },
    ],
    [
      /expected \d+ lines of .*, seen \d+ lines of /,
      (folder) => {
        appendFileSync(fileOf(folder, 1), '{"kind":"resumed","t":1}\n');
      },
    ],
    [
      /trial-02\/check\.ndjson: expected \d+ lines of .*, seen no file/,
      (folder) => {
        rmSync(join(folder.histories, FOLDER, 'trial-02'), { recursive: true });
      },
    ],
    [
      /trial-01\/more\.ndjson: expected no file, seen 1 lines of /,
      (folder) => {
        writeFileSync(join(folder.histories, FOLDER, 'trial-01', 'more.ndjson'), '{}\n');
      },
    ],
  ];
  for (const [expected, change] of changes) {
    const folder = await ranIn(context);
    change(folder);
    const judgement = await judged(folder);
    assert.equal(judgement.verdict, 'inconclusive', String(expected));
    assert.match(JSON.stringify(judgement.rules?.filter(({ id }) => id === 'whole/digest')), expected);
  }
});

test('should judge no run whose digests cannot be read', async (context) => {
  const folder = await ranIn(context);
  await writePlan(folder.histories, { id: 'r', environment: 'local', scope: 'profile', planned: [] });
  const restored = { actions: 0, failed: [], steadyAgain: null };
  await writeEnd(folder.histories, { interrupted: null, restored });
  context.mock.method(process.stdout, 'write', () => true);
  context.mock.method(process.stderr, 'write', () => true);
  writeFileSync(join(folder.path, 'run.json'), '{"schema":4}');
  const { exitCode } = await judgeRun({ run: folder.path });
  context.mock.restoreAll();
  assert.equal(exitCode, 2);
});
