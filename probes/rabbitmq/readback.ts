import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type { LookOptions } from '../../host/wait.ts';
import { firstAnswer } from '../store/members.ts';
import { attempt, MovedError } from '../store/readback.ts';
import type {
  Bounds,
  ReadBackRequest,
  StoreConnection,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { drain } from './drain.ts';
import type { Drained } from './drain.ts';
import { leaderNodeOf, Management, memberOfNode } from './management.ts';
import type { RabbitQueue } from './management.ts';
import { memberPort, recordQueue } from './options.ts';

/** Counts of messages reach the management API with the queue's tick, every 5 s (RabbitMQ: quorum_tick_interval). */
const SETTLE_MS = 20_000;
const LOOK_EVERY_MS = 250;
/** One member that does not answer must leave time to read the others. */
const ASK_MS = 6_000;

/**
 * Reading back a queue, without consuming it.
 *
 * A queue has no SELECT: what is read is taken. Taken and acknowledged it would be gone, for the second reading, for the other
 * members, and for whoever wants to check this reading. So each reading takes every message and acknowledges none, sees that nothing
 * is left ready and that nobody else holds any, and closes the channel, which puts all of them back. In the end the queue
 * must hold as many as in the first reading, ready, with none unacknowledged: then no message was in anybody's hands meanwhile.
 *
 * "Every member" means something because of how a quorum queue delivers: the leader replicates the command that hands messages to a
 * consumer, and the member on whose node the consumer's channel lives takes their bodies from its own log. A reader that
 * connects to a member therefore reads that member's copy (seen by tracing RabbitMQ 3.10; the command comes after all
 * messages in the log, so that the member has caught up by then). A classic queue has one copy, and is read where that lies.
 *
 * A message that comes back is flagged as redelivered from the second reading on. That is no duplication, and is not looked at: a number
 * is duplicated when one reading holds several messages with it. A leader that changes during a reading could deliver
 * the same message twice, so that such a reading does not count.
 */
export async function readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const members = await target.members();
  const name = recordQueue(request.run);
  const book = new ReadBack(target, request, { name, members, left });
  const queue = await book.attempt('leader', () => book.settled());
  if (queue === null) book.plan(members);
  else if (queue === 'absent') book.absent();
  else await book.read(queue);
}

interface Place {
  name: string;
  members: readonly StoreMember[];
  left: () => Bounds;
}

class ReadBack {
  readonly #target: StoreTarget;
  readonly #request: ReadBackRequest;
  readonly #place: Place;

  constructor(target: StoreTarget, request: ReadBackRequest, place: Place) {
    this.#target = target;
    this.#request = request;
    this.#place = place;
  }

  plan(sources: readonly StoreMember[]): void {
    const { write, run } = this.#request;
    write({ kind: 'readback-plan', run, sources: sources.map(({ name }) => name) });
  }

  /** The queue once it has a leader, all members online, and nothing unacknowledged; `absent` when no member knows it. */
  async settled(): Promise<RabbitQueue | 'absent'> {
    const { name, members, left } = this.#place;
    const seen = await lookUntil(
      () => firstAnswer('RabbitMQ', members, (member) => this.#queueAt(member)),
      (queue) => queue === null || unsettled(queue) === null,
      settling(left()),
    );
    if (seen === null) {
      await this.#absentEverywhere();
      return 'absent';
    }
    const why = unsettled(seen);
    if (why !== null) throw new MovedError(`${name}: ${why}`);
    return seen;
  }

  /** The leader twice, then the other members of the queue, then its state as a whole. */
  async read(queue: RabbitQueue): Promise<void> {
    const { name, members, left } = this.#place;
    const leader = leaderIn(queue, members);
    if (leader === null) {
      const reason = `the leader of the queue ${name} (${leaderNodeOf(queue) ?? 'unknown'}) runs in no known pod`;
      this.#request.write({ kind: 'readback-failed', source: 'leader', why: 'unread', reason });
      return;
    }
    const others = queue.type === 'quorum' ? members.filter((one) => one.name !== leader.name) : [];
    this.plan([leader, ...others]);
    const total = await this.attempt(leader.name, async () => {
      const first = await this.#pass(leader, { role: 'leader', pass: 1 }, null);
      await this.#pass(leader, { role: 'leader', pass: 2 }, first.total);
      return first.total;
    });
    for (const member of others)
      await this.attempt(member.name, () => this.#pass(member, { role: 'member', pass: 1 }, total));
    if (total === null) return;
    await this.attempt('leader', async () => {
      await this.#whole(total, left());
      const after = leaderIn((await this.#queueAt(leader)) ?? queue, members);
      if (after?.name !== leader.name)
        throw new MovedError(
          `the leader of ${name} changed while it was read, from ${leader.name} to ${after?.name ?? 'none'}`,
        );
    });
  }

  /** A queue that no member knows holds nothing: that was read, and completely. */
  absent(): void {
    const { members } = this.#place;
    this.plan(members);
    const empty = { present: [], duplicates: [], complete: true };
    for (const [index, { name: source }] of members.entries()) {
      const passes = index === 0 ? ([1, 2] as const) : ([1] as const);
      const role = index === 0 ? 'leader' : 'member';
      for (const pass of passes) this.#request.write({ kind: 'readback', source, role, pass, ...empty });
    }
  }

  attempt<T>(source: string, action: () => Promise<T>): Promise<T | null> {
    return attempt(this.#request, source, action);
  }

  async #pass(
    member: StoreMember,
    as: { role: 'leader' | 'member'; pass: 1 | 2 },
    expected: number | null,
  ): Promise<Drained> {
    const at = connectionOf(this.#target, member);
    const found = await drain(at, this.#place.name, expected, this.#place.left());
    const { present, duplicates } = found;
    this.#request.write({
      kind: 'readback',
      source: member.name,
      ...as,
      present,
      duplicates,
      complete: true,
    });
    return found;
  }

  /** Everything is back: as many ready as were read, and nobody holds any. */
  async #whole(total: number, bounds: Bounds): Promise<void> {
    const { name, members } = this.#place;
    const look = async (): Promise<{ ready: number; held: number }> => {
      const seen = await firstAnswer('RabbitMQ', members, (member) => this.#queueAt(member));
      return { ready: seen?.messages_ready ?? -1, held: seen?.messages_unacknowledged ?? -1 };
    };
    const isWhole = (seen: { ready: number; held: number }): boolean =>
      seen.ready === total && seen.held === 0;
    const seen = await lookUntil(look, isWhole, settling(bounds));
    if (isWhole(seen)) return;
    throw new Error(
      `${name}: read ${total} messages and returned them; expected ${total} ready and 0 unacknowledged afterwards, seen ${seen.ready} and ${seen.held}`,
    );
  }

  /** With its counts of messages, which only the list of all queues has. */
  async #queueAt(member: StoreMember): Promise<RabbitQueue | null> {
    const { name, left } = this.#place;
    const bounds = { ...left(), deadlineMs: Math.min(ASK_MS, left().deadlineMs) };
    const queues = await new Management(this.#target, member).queues(bounds);
    return queues.find((queue) => queue.name === name) ?? null;
  }

  /** @throws Error when a member knows the queue or does not answer: then it is not known to be gone */
  async #absentEverywhere(): Promise<void> {
    const { name, members } = this.#place;
    const seen = await Promise.all(members.map((member) => this.#queueAt(member)));
    const knows = seen.findIndex((queue) => queue !== null);
    if (knows !== -1)
      throw new Error(
        `${members[knows]?.name ?? '?'} still knows the queue ${name}, another member does not`,
      );
  }
}

function unsettled(queue: RabbitQueue): string | null {
  if (leaderNodeOf(queue) === null) return 'it has no leader';
  const held = queue.messages_unacknowledged ?? 0;
  if (held > 0) return `${held} messages are held unacknowledged by other consumers`;
  const complete = queue.type !== 'quorum' || queue.online.length === queue.members.length;
  return complete ? null : `${queue.online.length} of ${queue.members.length} members are online`;
}

function leaderIn(queue: RabbitQueue, members: readonly StoreMember[]): StoreMember | null {
  const node = leaderNodeOf(queue);
  return node === null ? null : memberOfNode(node, members);
}

function connectionOf(target: StoreTarget, member: StoreMember): StoreConnection {
  return { ...target.connection, host: member.address, port: memberPort(target.connection, member) };
}

function settling({ deadlineMs, signal }: Bounds): LookOptions {
  return { deadlineMs: Math.min(SETTLE_MS, deadlineMs), intervalMs: LOOK_EVERY_MS, signal };
}
