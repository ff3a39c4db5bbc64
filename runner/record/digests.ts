import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandError, EXIT } from '../../host/errors.ts';
import { parseJson } from '../../host/json.ts';
import { digestSchema, type Digest } from '../../reports/record/run-record.ts';
import { checkFolderName } from './run-folder.ts';

const NEWLINE = 0x0a;
const recordSchema = z.looseObject({ digests: z.array(digestSchema) });

/** Digests of the files of all trials. To be taken when nobody writes to them: redaction changes files after their check. */
export async function digestsOf(histories: string): Promise<Digest[]> {
  const names = existsSync(histories) ? readdirSync(histories, { recursive: true, encoding: 'utf8' }) : [];
  const digests: Digest[] = [];
  for (const file of names.filter((name) => /\/trial-\d+\/.*\.ndjson$/.test(name)).sort()) {
    const hash = createHash('sha256');
    let lines = 0;
    for await (const chunk of createReadStream(join(histories, file)) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
    }
    digests.push({ file, sha256: hash.digest('hex'), lines });
  }
  return digests;
}

/**
 * What run.json says of the files of a run; undefined: there is none, since the run was killed.
 * @throws CommandError (2) when it does not say it: what it was to prove is unknown
 */
export function readDigests(run: string): Digest[] | undefined {
  const file = join(run, 'run.json');
  if (!existsSync(file)) return undefined;
  return recordIn(file).digests;
}

function recordIn(file: string): z.infer<typeof recordSchema> {
  const record = recordSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (record.success) return record.data;
  throw new CommandError(
    `${file} is damaged: expected the digests of the histories, and they cannot be read; move it away to judge the histories without them`,
    EXIT.inconclusive,
  );
}

/** How the files of a check differ from their digests, by the folder of the trial. A trial without a digest, as one that was killed, is left out. */
export async function differencesIn(
  histories: string,
  check: string,
  digests: readonly Digest[],
): Promise<Map<string, string[]>> {
  const ofCheck = ({ file }: Digest): boolean => file.startsWith(`${checkFolderName(check)}/`);
  const trialOf = (file: string): string => file.split('/')[1] ?? '';
  const byFile = (all: readonly Digest[]) => new Map(all.filter(ofCheck).map((one) => [one.file, one]));
  const expected = byFile(digests);
  const seen = byFile(await digestsOf(histories));
  const found = new Map([...expected.keys()].map((file): [string, string[]] => [trialOf(file), []]));
  for (const file of new Set([...expected.keys(), ...seen.keys()])) {
    const [before, now] = [textOf(expected.get(file)), textOf(seen.get(file))];
    if (before !== now) found.get(trialOf(file))?.push(`${file}: expected ${before}, seen ${now}`);
  }
  return found;
}

function textOf(digest: Digest | undefined): string {
  return digest === undefined ? 'no file' : `${digest.lines} lines of SHA-256 ${digest.sha256}`;
}
