/** The name by which a rewritten script reaches what the engine gives it. */
export const RUNTIME = '__plumbline';
