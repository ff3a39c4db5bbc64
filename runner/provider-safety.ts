/**
 * `safety/` with what only a provider can undo. Import this, not `safety/`, to open the guard, restore or start a timer: `safety/` knows no
 * provider.
 */
import { everyUndo } from '../env/providers/index.ts';
import { provideUndo } from './safety/undo-node.ts';

export * from './safety/index.ts';

// Loaded at import: when something has to be undone, no module need be loaded any more.
provideUndo(await everyUndo());
