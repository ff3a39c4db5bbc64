import type { History } from '../../record/history/history.ts';
import { last } from '../observed.ts';
import type { Findings } from './findings.ts';

/** The names of all nodes as they were listed: as many as were counted, each once. */
export function listedNodes(history: History, findings: Findings): string[] {
  const { names, count } = last(history, 'nodes') ?? { names: [], count: 0 };
  findings.agree('the list of nodes', count, new Set(names).size);
  findings.agree('the list of nodes', names.length, new Set(names).size);
  return names;
}
