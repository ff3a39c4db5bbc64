import { bootMs } from '../../../host/clock.ts';
import { KillSwitchError } from '../errors.ts';
import { pause } from './pause.ts';
import type { KubeCall } from '../types.ts';
import { textAt } from '../timers/undo-kube.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { oneLine } from '../../../reports/render/text.ts';

export const KILL_SWITCH_NAME = 'plumbline-stop';

/** No action begins on a reading older than this; if readings are refused for this long, everything stops. */
const FRESH_MS = 2_000;
/**
 * No answer for this long stops everything. An API server on two busy cores has taken more than 1.5 s to answer, and while it answers
 * nobody, nobody can set the kill switch. New actions wait meanwhile.
 */
const SILENT_MS = 6_000;
/** Readings overlap, so that one slow answer does not delay the next. A watch alone would not do: silence looks like an absent kill switch. */
const READ_EVERY_MS = 500;
const READ_TIMEOUT_MS = 5_000;
const MAX_UNDER_WAY = 4;

export type KillSwitchOptions = {
  readonly kube: KubeCall;
  readonly namespace: string;
  /** Called once: no new action may begin, and restoring must. */
  readonly onStop: (reason: string) => void;
};

/** The kill switch: a ConfigMap that anybody may create in order to stop Plumbline. */
export class KillSwitch {
  readonly #options: KillSwitchOptions;
  readonly #path: string;
  readonly #ended = new AbortController();
  readonly #underWay = new Set<Promise<boolean>>();
  /** When the newest reading that found no kill switch was sent. */
  #clearMs = 0;
  /** The last error that was not a timeout; null after a successful reading. */
  #trouble: string | null = null;
  /** What the last reading waited for that was not answered in time, such as a command for credentials. */
  #silence: string | null = null;
  #stopped: string | null = null;
  #gapAllowedUntilMs = 0;
  /** A reading that was sent after this ends the permission for an observation gap. */
  #gapOverMs = Infinity;
  #following: Promise<void> = Promise.resolve();

  private constructor(options: KillSwitchOptions) {
    this.#options = options;
    this.#path = `/api/v1/namespaces/${options.namespace}/configmaps/${KILL_SWITCH_NAME}`;
  }

  /**
   * Reads the kill switch once and follows it from then on.
   * @throws KillSwitchError when it is set or cannot be read.
   */
  static async follow(options: KillSwitchOptions): Promise<KillSwitch> {
    const killSwitch = await KillSwitch.look(options);
    killSwitch.#throwIfStopped();
    killSwitch.#following = killSwitch.#followForEver();
    return killSwitch;
  }

  /** Reads it once, for who only undoes: `onStop` is called where it is set or cannot be read, and then `confirm` refuses every action. */
  static async look(options: KillSwitchOptions): Promise<KillSwitch> {
    const killSwitch = new KillSwitch(options);
    if (!(await killSwitch.#read()) && killSwitch.#stopped === null)
      killSwitch.#stop(`it cannot be read: ${killSwitch.#trouble ?? killSwitch.#silence ?? 'no answer'}`);
    return killSwitch;
  }

  /** A single check, for actions without a followed kill switch. @throws KillSwitchError when it is set or cannot be read. */
  static async refuseWhenSet(of: Omit<KillSwitchOptions, 'onStop'>): Promise<void> {
    const killSwitch = await KillSwitch.follow({ ...of, onStop: () => undefined });
    await killSwitch.close();
  }

  /**
   * To be called right before every action: returns on a reading that is at most 2 s old, waiting for one if need be.
   * @throws KillSwitchError when the kill switch is set or unreadable, when there was no such reading for as long as silence is borne, since
   * each answer takes longer than 2 s, or once this is closed.
   */
  async confirm(): Promise<void> {
    // The API server should answer again: after a pause, read before relying on the allowed gap.
    if (this.#gapAllowed() && this.#gapOverMs !== Infinity) await this.#read();
    const askedMs = bootMs();
    while (this.#stopped === null && !this.#gapAllowed() && bootMs() - this.#clearMs > FRESH_MS) {
      this.#refuseToWait(bootMs() - askedMs);
      await this.#read();
      this.#judgeGap();
    }
    this.#throwIfStopped();
  }

  /** For actions that take the API server down: for this long the kill switch may be unreadable. */
  allowGap(forMs: number): void {
    this.#gapAllowedUntilMs = Math.max(this.#gapAllowedUntilMs, bootMs() + forMs);
    this.#gapOverMs = Infinity;
  }

  /**
   * The API server was given back, and takes a while to start: the kill switch may stay unreadable until its next successful reading. A
   * reading sent before this does not count: it may have been answered before the fault.
   */
  endGap(): void {
    this.#gapOverMs = bootMs();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#following;
    await Promise.all(this.#underWay);
  }

  async #followForEver(): Promise<void> {
    while (this.#stopped === null && (await pause(READ_EVERY_MS, this.#ended.signal))) {
      // After a pause of this process the first judgement must come after a reading, not before.
      const late = bootMs() - this.#clearMs > FRESH_MS;
      if (this.#underWay.size < MAX_UNDER_WAY) void this.#read();
      if (late) await Promise.race(this.#underWay);
      this.#judgeGap();
    }
  }

  #read(): Promise<boolean> {
    const reading = this.#readOnce().finally(() => this.#underWay.delete(reading));
    this.#underWay.add(reading);
    return reading;
  }

  /** Returns whether there is no kill switch; never throws. */
  async #readOnce(): Promise<boolean> {
    const sentMs = bootMs();
    try {
      const request = {
        method: 'GET',
        path: this.#path,
        timeoutMs: READ_TIMEOUT_MS,
        signal: this.#ended.signal,
        // The next reading is one already.
        once: true,
      } as const;
      const { status, body } = await this.#options.kube(request);
      if (status === 200) this.#stop(`it is set${because(body)}; delete the ConfigMap to continue`);
      else if (status !== 404) this.#trouble = `the API server answered ${status}`;
      if (status !== 404) return false;
      this.#clearMs = Math.max(this.#clearMs, sentMs);
      this.#trouble = null;
      this.#silence = null;
      if (sentMs >= this.#gapOverMs) this.#seesAgain();
      return true;
    } catch (error) {
      // A request that ran out of time is silence, not a refusal.
      if (bootMs() - sentMs < READ_TIMEOUT_MS) this.#trouble = errorText(error);
      else this.#silence = errorText(error);
      return false;
    }
  }

  #seesAgain(): void {
    this.#gapAllowedUntilMs = 0;
    this.#gapOverMs = Infinity;
  }

  #gapAllowed(): boolean {
    return bootMs() < this.#gapAllowedUntilMs;
  }

  #judgeGap(): void {
    const gapMs = bootMs() - this.#clearMs;
    // Readings that `close` cuts off say nothing of the API server.
    if (this.#ended.signal.aborted) return;
    if (this.#gapAllowed() || gapMs < (this.#trouble === null ? SILENT_MS : FRESH_MS)) return;
    const why = this.#trouble ?? this.#silence ?? 'no answer';
    this.#stop(`it could not be read for ${Math.round(gapMs)} ms: ${why}`);
  }

  /**
   * @param waitedMs for how long `confirm` has waited
   * @throws KillSwitchError when it is of no use to wait for another reading
   */
  #refuseToWait(waitedMs: number): void {
    if (this.#ended.signal.aborted) throw this.#refusal('it is not read any more, since the run has ended');
    if (waitedMs < SILENT_MS) return;
    throw this.#refusal(
      `the API server answers too slowly: within ${SILENT_MS / 1000} s there was no reading that is at most ${FRESH_MS / 1000} s old; try again once it is less busy`,
    );
  }

  #throwIfStopped(): void {
    if (this.#stopped !== null) throw this.#refusal(this.#stopped);
  }

  #refusal(why: string): KillSwitchError {
    const { namespace } = this.#options;
    return new KillSwitchError(`the kill switch ${KILL_SWITCH_NAME} (ConfigMap in ${namespace}): ${why}`);
  }

  #stop(reason: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = reason;
    // Once it is closed, all is undone: only who still waits in `confirm` is refused.
    if (this.#ended.signal.aborted) return;
    this.#options.onStop(`the kill switch ${KILL_SWITCH_NAME}: ${reason}`);
  }
}

function because(body: unknown): string {
  const reason = textAt(body, 'data', 'reason');
  return reason === undefined ? '' : ` ("${oneLine(reason, 200)}")`;
}
