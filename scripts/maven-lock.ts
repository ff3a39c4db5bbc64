/** Prints a lock file: `node scripts/maven-lock.ts GROUP:ARTIFACT:VERSION… [without=ARTIFACT…] > env/local/images/locks/NAME.lock`. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../host/run.ts';
import { cacheDir } from '../host/paths.ts';
import { jarOf, pomOf, resolveMaven } from '../env/local/images/fetched.ts';

const LIST_DEADLINE_MS = 300_000;
const byName = (one: string, other: string): number => (one.slice(65) < other.slice(65) ? -1 : 1); // after the digest

const LEFT_OUT = 'without=';
const without = new Set(
  process.argv.flatMap((one) => (one.startsWith(LEFT_OUT) ? [one.slice(LEFT_OUT.length)] : [])),
);
const coordinates = process.argv.slice(2).filter((one) => !one.startsWith(LEFT_OUT));
const wanted = coordinates.map((coordinate) => {
  const [group = '', name = '', version = ''] = coordinate.split(':');
  return { group, name, version, classifier: undefined };
});
const tempDir = await mkdtemp(join(tmpdir(), 'maven-lock-'));
try {
  const fetchedDir = join(cacheDir(), 'images', 'fetched');
  const jars = join(tempDir, 'jars');
  await resolveMaven(pomOf(wanted, false), { fetchedDir, tempDir }, jars);
  const repository = `-Dmaven.repo.local=${join(fetchedDir, 'maven-repository')}`;
  const pom = join(tempDir, 'pom.xml');
  const list = join(tempDir, 'list.txt');
  const goal = ['dependency:list', '-DincludeScope=runtime', `-DoutputFile=${list}`];
  await run(['mvn', '-B', '-q', '-f', pom, repository, ...goal], {
    timeoutMs: LIST_DEADLINE_MS,
    cwd: tempDir,
  });
  const present = new Set(await readdir(jars));
  const lines: string[] = [];
  let leftOut = 0;
  for (const [, group = '', name = '', classifier, version = ''] of (await readFile(list, 'utf8')).matchAll(
    /^\s+([\w.-]+):([\w.-]+):jar:(?:([\w.-]+):)?([\w.-]+):(?:compile|runtime)/gm,
  )) {
    const file = jarOf({ name, version, classifier });
    if (!present.has(file))
      throw new Error(`${group}:${name}:${version} is listed, but Maven did not fetch ${file}`);
    if (without.has(name)) {
      leftOut++;
      continue;
    }
    const sha256 = createHash('sha256')
      .update(await readFile(join(jars, file)))
      .digest('hex');
    lines.push(`${sha256} ${group}:${name}:${version}${classifier === undefined ? '' : `:${classifier}`}`);
  }
  if (lines.length + leftOut !== present.size)
    throw new Error(
      `${String(present.size)} jars were fetched, but only ${String(lines.length + leftOut)} of them can be named in a lock file`,
    );
  process.stdout.write(
    `# Made by maven-lock.ts ${process.argv.slice(2).join(' ')}\n${lines.sort(byName).join('\n')}\n`,
  );
} finally {
  await rm(tempDir, { recursive: true, force: true });
}
