import type { History } from '../../record/history/history.ts';
import { all, last } from '../observed.ts';
import { leastNodes } from './declared.ts';
import type { Findings } from './findings.ts';

/** Says which nodes are coming or going, and so were left out. */
export function notePassing(history: History, findings: Findings): void {
  const notes = all(history, 'node-passing').map(
    ({ node, taints }) => `${node} is coming or going (${taints.join(', ')}): not judged`,
  );
  for (const note of new Set(notes)) findings.note(note);
}

/** The names of all nodes as they were listed; fewer than are declared are not all. */
export function listedNodes(history: History, findings: Findings): string[] {
  const { names } = last(history, 'nodes') ?? { names: [] };
  const least = leastNodes(history.header.settings);
  if (names.length < least) findings.unknown('the list of nodes', `${least} or more`, String(names.length));
  notePassing(history, findings);
  return names;
}
