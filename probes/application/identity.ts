/** Who asks: the headers by which the gateway or the service recognises a client. */
export interface Identity {
  /** Headers of the next request. */
  headers(): Record<string, string>;
  /** The gateway did not recognise who sent these headers: they are renewed, once for each value that was refused. */
  refused(sent: Record<string, string>): void;
}

/** Nothing is declared by which anybody would be recognised. */
export const NOBODY: Identity = { headers: () => ({}), refused: () => undefined };
