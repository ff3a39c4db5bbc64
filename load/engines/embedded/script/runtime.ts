/** The name of the engine's object in a rewritten script. */
export const RUNTIME = '__plumbline';
