import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../probes/clock.ts';
import { LeverError } from './errors.ts';
import type { KubeCall } from './types.ts';

export const LEVER_NAME = 'plumbline-stop';

/** DESIGN: within 2 s of the lever's appearance, or of its being unreadable, nothing new begins. */
const BLIND_MS = 2_000;
/** A reading every 500 ms leaves three tries within those 2 s. A watch alone would not do: a silent connection looks like an absent lever. */
const READ_EVERY_MS = 500;
const RETRY_EVERY_MS = 100;
const READ_TIMEOUT_MS = 1_500;

export type LeverOptions = {
  readonly kube: KubeCall;
  readonly namespace: string;
  /** Called once: no new action may begin, and restoring must. */
  readonly onStop: (reason: string) => void;
};

/** The safety lever: a ConfigMap that anybody may create in order to stop Plumbline. */
export class Lever {
  readonly #options: LeverOptions;
  readonly #path: string;
  readonly #ended = new AbortController();
  #lastGoodMs = 0;
  #lastTrouble = 'no answer';
  #stopped: string | null = null;
  #blindAllowedUntilMs = 0;
  #reading: Promise<void> = Promise.resolve();

  private constructor(options: LeverOptions) {
    this.#options = options;
    this.#path = `/api/v1/namespaces/${options.namespace}/configmaps/${LEVER_NAME}`;
  }

  /**
   * Reads the lever once and follows it from then on.
   * @throws LeverError when it is set or cannot be read.
   */
  static async follow(options: LeverOptions): Promise<Lever> {
    const lever = new Lever(options);
    if (!(await lever.#read()) && lever.#stopped === null)
      lever.#stop(`it cannot be read: ${lever.#lastTrouble}`);
    lever.#throwIfStopped();
    lever.#reading = lever.#followForEver();
    return lever;
  }

  /**
   * To be called right before every action: reads the lever anew when the last reading is not fresh.
   * @throws LeverError when the lever is set, or has not been read for 2 s.
   */
  async confirm(): Promise<void> {
    if (monoMs() - this.#lastGoodMs > READ_EVERY_MS * 2) await this.#read();
    this.#judgeBlindness();
    this.#throwIfStopped();
  }

  #throwIfStopped(): void {
    if (this.#stopped !== null)
      throw new LeverError(
        `the safety lever ${LEVER_NAME} (ConfigMap in ${this.#options.namespace}): ${this.#stopped}`,
      );
  }

  /** For actions that take the API server away themselves: until then the lever may be unreadable. */
  allowBlindness(forMs: number): void {
    this.#blindAllowedUntilMs = Math.max(this.#blindAllowedUntilMs, monoMs() + forMs);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#reading;
  }

  async #followForEver(): Promise<void> {
    let good = true;
    while (!this.#ended.signal.aborted && this.#stopped === null) {
      await sleep(good ? READ_EVERY_MS : RETRY_EVERY_MS, undefined, {
        signal: this.#ended.signal,
        ref: false,
      }).catch(() => undefined);
      if (this.#ended.signal.aborted) return;
      good = await this.#read();
      this.#judgeBlindness();
    }
  }

  /** Never past the moment at which blindness begins. Returns whether the lever was read and is not set. */
  async #read(): Promise<boolean> {
    const sentMs = monoMs();
    const leftMs = this.#lastGoodMs === 0 ? READ_TIMEOUT_MS : this.#lastGoodMs + BLIND_MS - sentMs;
    // Late by our own fault (a busy or paused process): then the API server gets its full time to answer.
    const timeoutMs =
      leftMs <= 0 ? READ_TIMEOUT_MS : Math.min(READ_TIMEOUT_MS, Math.max(RETRY_EVERY_MS, leftMs));
    try {
      const { status, body } = await this.#options.kube({
        method: 'GET',
        path: this.#path,
        timeoutMs,
        signal: this.#ended.signal,
      });
      if (status === 404) {
        this.#lastGoodMs = sentMs;
        return true;
      }
      if (status === 200) this.#stop(`it is set${because(body)}; remove it to go on`);
      else this.#lastTrouble = `the API server answered ${status}`;
    } catch (error) {
      this.#lastTrouble = error instanceof Error ? error.message : String(error);
    }
    return false;
  }

  #judgeBlindness(): void {
    const now = monoMs();
    if (this.#stopped !== null || now < this.#blindAllowedUntilMs || this.#ended.signal.aborted) return;
    const blindMs = now - this.#lastGoodMs;
    if (blindMs >= BLIND_MS)
      this.#stop(`it could not be read for ${Math.round(blindMs)} ms: ${this.#lastTrouble}`);
  }

  #stop(reason: string): void {
    if (this.#stopped !== null || this.#ended.signal.aborted) return;
    this.#stopped = reason;
    this.#options.onStop(`the safety lever ${LEVER_NAME}: ${reason}`);
  }
}

function because(body: unknown): string {
  const reason = (body as { data?: Record<string, string> } | null)?.data?.['reason'];
  return reason === undefined ? '' : ` ("${reason.slice(0, 200)}")`;
}
