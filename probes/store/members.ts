import { askText, isDown } from '../asking.ts';
import type { ServerFacts, StoreConnection, StoreMember, StoreTarget } from './store-driver.ts';

/** Queries all members at once and takes the first answer. @throws Error with each member's error; `who` names the store */
export async function firstAnswer<T>(
  who: string,
  members: readonly StoreMember[],
  ask: (member: StoreMember) => Promise<T>,
): Promise<T> {
  if (members.length === 0) throw isDown('absent', `${who}: no member has an address`);
  try {
    return await Promise.any(members.map(ask));
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(String) : [String(error)];
    throw new Error(`${who}: no member answered: ${reasons.join('; ')}`, { cause: error });
  }
}

/** Members of a store as its environment file declares them; null: not declared. */
export function declaredMembers({ declared }: StoreConnection): number | null {
  const members = declared?.['members'];
  return typeof members === 'number' ? members : null;
}

/** How many members there must be: as many as have an address, or, where one address stands for all of them, as many as are declared. */
export function expectedMembers(connection: StoreConnection, members: readonly StoreMember[]): number {
  const declared = members.some(({ standsForAll }) => standsForAll) ? declaredMembers(connection) : null;
  return declared ?? members.length;
}

/** Queries every member at once. One that does not answer is listed with its reason, so that it is noticed. */
export async function factsOf(
  target: StoreTarget,
  ask: (member: StoreMember) => Promise<Omit<ServerFacts, 'member' | 'failed'>>,
): Promise<ServerFacts[]> {
  const members = await target.members();
  return Promise.all(
    members.map(async (member): Promise<ServerFacts> => {
      try {
        return { member: member.name, ...(await ask(member)) };
      } catch (error) {
        const failed = askText(error);
        return { member: member.name, dataFolders: [], settings: [], failed };
      }
    }),
  );
}
