/**
 * The guard of everything that changes an environment, with what only a provider can undo. Whoever opens it, restores or starts a timer
 * imports this and not `safety/`, which knows no provider.
 */
import { everyUndo } from '../env/providers/index.ts';
import { provideUndo } from './safety/undo-node.ts';

export * from './safety/index.ts';

// Before anything is done: where something has to be undone, nothing need be loaded any more.
provideUndo(await everyUndo());
