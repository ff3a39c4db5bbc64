/** Slowest answers with which a fixed-rate load still has free users: ten times the goal for a p95. */
const SLOWEST_ANSWER_S = 5;
const MOST_USERS = 10_000;

/** Virtual users that a rate needs while answers are slow: a load that is not delivered says nothing. */
export function usersFor(ratePerSecond: number): number {
  return Math.min(MOST_USERS, Math.ceil(ratePerSecond * SLOWEST_ANSWER_S));
}
