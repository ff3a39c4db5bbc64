import type { KubeCluster } from '../probes/kubernetes/index.ts';
import type { Book } from './book.ts';
import type { BudgetBook } from './budget.ts';
import type { RunFolder } from './run-folder.ts';
import type { Safety } from './safety/index.ts';
import type { StoreTargets } from './store-target.ts';

export interface EngineParts {
  book: Book;
  folder: RunFolder;
  cluster: KubeCluster;
  safety: Safety;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Context in it; its current one when left out. */
  context?: string | undefined;
  signal: AbortSignal;
}

/** What the parts of an engine know of it. They import this and not the engine, which imports them. */
export interface EngineCore {
  readonly parts: EngineParts;
  readonly book: Book;
  readonly budget: BudgetBook;
  readonly stores: StoreTargets;
}
