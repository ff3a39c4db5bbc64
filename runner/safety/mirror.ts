import type { Ledger } from './ledger.ts';
import { isKubeInverse } from './types.ts';
import type { Entry, Inverse, KubeCall } from './types.ts';

export const MIRROR_NAME = 'plumbline-ledger';
const CALL_TIMEOUT_MS = 5_000;
/** A ConfigMap holds 1 MiB; this leaves room for the rest of the object. */
const MAX_BYTES = 900 * 1024;

/**
 * What the Job in the cluster and other machines read: kube inverses to run, and nodes whose power is to be given back; for people, the
 * titles of the others. No time of day stands in it, for no two clocks are alike: what is due is a length.
 */
export type MirroredEntry = {
  id: string;
  seq: number;
  title: string;
  check: string;
  state: string;
  dueAfterMs: number;
  inverse: unknown;
};

/** True when the entry may be read by whoever reads ConfigMaps: values of Secrets stay on the disk. */
export function isMirrored(entry: Pick<Entry, 'inverse'>): boolean {
  return isKubeInverse(entry.inverse) && !entry.inverse.path.includes('/secrets');
}

/** True for what somebody else undoes when this machine is gone: then it must be in the mirror before it is done. */
export function isUndoneElsewhere(inverse: Inverse): boolean {
  return inverse.kind === 'node-power' || (isKubeInverse(inverse) && isMirrored({ inverse }));
}

/** The copy of the open entries in the cluster, where it survives this machine. */
export class Mirror {
  readonly #kube: KubeCall;
  readonly #namespace: string;
  readonly #ledger: Ledger;
  readonly #holder: string;
  #writing: Promise<string | null> | null = null;
  #next: Promise<string | null> | null = null;
  #written: string | null = null;

  constructor(options: { kube: KubeCall; namespace: string; ledger: Ledger; holder: string }) {
    this.#kube = options.kube;
    this.#namespace = options.namespace;
    this.#ledger = options.ledger;
    this.#holder = options.holder;
  }

  /**
   * Writes what is open now; calls that come while one is under way share the next. Never throws.
   * @returns null when the mirror is up to date, else why it is not.
   */
  sync(): Promise<string | null> {
    if (this.#writing === null) return this.#start();
    this.#next ??= this.#writing.then(() => {
      this.#next = null;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<string | null> {
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #write(): Promise<string | null> {
    const entries = JSON.stringify(this.#ledger.open().map(mirrored));
    if (entries === this.#written) return null;
    if (entries.length > MAX_BYTES)
      return `the open entries take ${entries.length} bytes, a ConfigMap holds ${MAX_BYTES}`;
    try {
      const reply = await this.#kube({
        method: 'PATCH',
        path: `/api/v1/namespaces/${this.#namespace}/configmaps/${MIRROR_NAME}?fieldManager=plumbline-ledger&force=true`,
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: MIRROR_NAME,
            namespace: this.#namespace,
            labels: { 'app.kubernetes.io/managed-by': 'plumbline' },
          },
          data: { entries, holder: this.#holder },
        },
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (reply.status !== 200 && reply.status !== 201)
        return `the API server answered ${reply.status} for the ConfigMap ${MIRROR_NAME}`;
      this.#written = entries;
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

function mirrored(entry: Entry): MirroredEntry {
  const { id, seq, title, check, state, dueAfterMs, inverse } = entry;
  return { id, seq, title, check, state, dueAfterMs, inverse: inverseFor(inverse) };
}

function inverseFor(inverse: Inverse): unknown {
  if (isMirrored({ inverse })) return inverse;
  // Never a command: whoever may write the mirror must not choose what others run.
  return inverse.kind === 'node-power' ? { kind: inverse.kind, node: inverse.node } : { kind: inverse.kind };
}
