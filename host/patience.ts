import { CommandError, EXIT } from './errors.ts';

const VARIABLE = 'PLUMBLINE_PATIENCE';
/** At 50, a wait of ten minutes becomes one of more than eight hours. */
const MOST = 50;

/**
 * Factor on the deadlines of everything that provisions an environment, for machines that are emulated or very slow: `PLUMBLINE_PATIENCE`,
 * by default 1. Goals of checks do not change.
 * @throws CommandError (64) when it is not a number from 1 to 50
 */
export function patience(): number {
  const said = process.env[VARIABLE];
  if (said === undefined || said === '') return 1;
  const factor = Number(said);
  if (factor >= 1 && factor <= MOST) return factor;
  throw new CommandError(`${VARIABLE} must be a number from 1 to ${MOST}, found "${said}"`, EXIT.usage);
}

/** A deadline, multiplied by the factor, ms. */
export function patient(ms: number): number {
  return Math.round(ms * patience());
}
