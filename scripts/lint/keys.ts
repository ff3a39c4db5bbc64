/**
 * What the findings in a file can depend on, as one key a file. Rules that know types look beyond the file, so that its own content is no key: it
 * is that of every file that it imports, and so on, and of those that add to a type of one of these (`declare module './x.ts'`), which nothing
 * that is found wrong needs to import.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';

/** Any relative path in quotes counts as an import: one too many costs a look, one too few would hide a finding. */
const RELATIVE = /(?<adds>declare module )?(?<quote>['"`])(?<path>\.{1,2}\/[^'"`\n]*)\k<quote>/g;
/** What holds everywhere, without any import: it is part of every key. */
const EVERYWHERE = /\bdeclare global\b|\bdeclare module ['"](?!\.)/;

function sha256(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** @param texts by path, relative to one folder. @returns what each names, and what adds to it */
function graphOf(texts: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const graph = new Map([...texts.keys()].map((file) => [file, new Set<string>()]));
  for (const [file, text] of texts)
    for (const { groups = {} } of text.matchAll(RELATIVE)) {
      const named = path.join(path.dirname(file), groups['path'] ?? '');
      if (!texts.has(named)) continue;
      graph.get(file)?.add(named);
      if (groups['adds'] !== undefined) graph.get(named)?.add(file);
    }
  return graph;
}

function reachedFrom(file: string, graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const reached = new Set([file]);
  // A set is walked in the order in which it grows.
  for (const one of reached) for (const next of graph.get(one) ?? []) reached.add(next);
  return [...reached].sort();
}

/**
 * @param texts every file that may be looked at or imported, by its path
 * @param common what findings depend on in every file: versions, rules, settings of the compiler
 */
export function keysOf(texts: ReadonlyMap<string, string>, common: readonly string[]): Map<string, string> {
  const isEverywhere = ([file, text]: [string, string]): boolean =>
    file.endsWith('.d.ts') || EVERYWHERE.test(text);
  const everywhere = [...texts].filter(isEverywhere).flat();
  const whole = sha256(...common, ...everywhere);
  const digests = new Map([...texts].map(([file, text]) => [file, sha256(file, text)]));
  const graph = graphOf(texts);
  return new Map(
    [...texts.keys()].map((file) => [
      file,
      sha256(whole, file, ...reachedFrom(file, graph).map((one) => digests.get(one) ?? '')),
    ]),
  );
}
