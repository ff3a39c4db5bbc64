/**
 * While kinds are being given schemas: `false` lets code hand in and read kinds that have none yet. `true` is the goal; set it locally to see
 * what is left in a part of the code.
 */
export type Strict = false;
