import { CommandError, EXIT } from './errors.ts';

const VARIABLE = 'PLUMBLINE_PATIENCE';
/** A wait of ten minutes becomes one of some hours: more helps nobody. */
const MOST = 50;

/**
 * How many times as long as on an ordinary machine may be waited for everything that provisions an environment: `PLUMBLINE_PATIENCE`, 1 where it is
 * not set. For machines that are emulated or very slow. Goals of checks stay what they are.
 * @throws CommandError (64) for what is no number from 1 to 50
 */
export function patience(): number {
  const said = process.env[VARIABLE];
  if (said === undefined || said === '') return 1;
  const factor = Number(said);
  if (factor >= 1 && factor <= MOST) return factor;
  throw new CommandError(`${VARIABLE} is a number from 1 to ${MOST}, found "${said}"`, EXIT.usage);
}

/** A deadline on this machine, ms. */
export function patient(ms: number): number {
  return Math.round(ms * patience());
}
