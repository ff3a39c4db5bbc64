import type { History } from '../../record/history/history.ts';
import { all, last } from '../observed.ts';
import type { Findings } from './findings.ts';

/** Says which nodes are coming or going, and so were left out. */
export function notePassing(history: History, findings: Findings): void {
  const notes = all(history, 'node-passing').map(
    ({ node, taints }) => `${node} is coming or going (${taints.join(', ')}): not judged`,
  );
  for (const note of new Set(notes)) findings.note(note);
}

/** The names of all nodes as they were listed: as many as were counted, each once. */
export function listedNodes(history: History, findings: Findings): string[] {
  const { names, count } = last(history, 'nodes') ?? { names: [], count: 0 };
  findings.agree('the list of nodes', count, new Set(names).size);
  findings.agree('the list of nodes', names.length, new Set(names).size);
  notePassing(history, findings);
  return names;
}
