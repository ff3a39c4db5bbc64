import { matchesAny } from '../../env/globs.ts';
import { FAULTS } from '../../env/schema.ts';
import { z } from 'zod';
import type { KubeCall, KubeReply } from '../provider-safety.ts';
import { seenAt } from '../safety/timers/undo-kube.ts';

/** ConfigMap in Plumbline's own namespace, written by the owners of the cluster; their RBAC keeps Plumbline from writing it. */
export const PERMIT_NAME = 'plumbline-permit';
const CALL_TIMEOUT_MS = 5_000;
/** Each of them is enough: what may not be updated can be patched, or deleted and made anew. */
const WRITES = ['create', 'update', 'patch', 'delete'];
/** Clocks that are further apart than this could open a window of time, or keep one open, by minutes. An answer takes seconds, and tells whole ones. */
const CLOCKS_APART_MS = 60_000;

const instant = (what: string) =>
  z.iso.datetime({ offset: true, error: `${what} must be a time such as 2026-12-01T18:00:00Z` });
/** Words between spaces, lines or commas; a comma within braces belongs to its glob. */
const words = z.string().transform((text) => text.split(/[\s,]+(?![^{]*\})/).filter(Boolean));

const permitSchema = z.object({
  checks: words.refine((globs) => globs.length > 0, 'checks names no check'),
  faults: words
    .refine(
      (names) => names.every((name) => (FAULTS as readonly string[]).includes(name)),
      `faults may name ${FAULTS.join(', ')}`,
    )
    .optional(),
  from: instant('from').optional(),
  until: instant('until'),
  ticket: z.string('ticket is missing').trim().min(1, 'ticket is empty'),
});

export type ClusterPermit = z.infer<typeof permitSchema>;

/**
 * The permit in a ConfigMap's data, or what is wrong with it. A permit that cannot be read in full permits nothing.
 */
export function parsePermit(data: unknown): { permit: ClusterPermit } | { problem: string } {
  const parsed = permitSchema.safeParse(data);
  if (parsed.success) return { permit: parsed.data };
  const said = parsed.error.issues.map(({ path, message }) => {
    const key = path.join('.');
    return message.includes(key) ? message : `${key} is missing or wrong (${message})`;
  });
  return { problem: `it is malformed: ${said.join('; ')}` };
}

/** A check, and the fault that it injects by the name that permits have for it; undefined: none. */
export interface Asking {
  check: string;
  fault: string | undefined;
  /** How long the fault may stay in force, ms; left out: it ends by itself, or there is none. */
  staysMs?: number;
}

/** Why a permit does not cover a check at a moment; null when it does. */
export function permitProblem(
  permit: ClusterPermit,
  { check, fault, staysMs = 0 }: Asking,
  now: Date,
): string | null {
  if (permit.from !== undefined && now < new Date(permit.from))
    return `it is not valid before ${permit.from}`;
  if (now >= new Date(permit.until)) return `it ended ${permit.until}`;
  if (now.getTime() + staysMs > Date.parse(permit.until))
    return `it ends ${permit.until}, and the fault may stay for ${staysMs / 1000} s (timeouts.restoreDeadline)`;
  if (!matchesAny(permit.checks, check)) return `it permits only the checks ${permit.checks.join(' ')}`;
  if (permit.faults !== undefined && fault !== undefined && !permit.faults.includes(fault))
    return `it permits only the faults ${permit.faults.join(' ')}`;
  return null;
}

/** Why no window of time can be judged here, in this permit or in the environment file; null: it can. */
function clockProblem({ dateMs }: KubeReply, nowMs: number): string | null {
  const apartMs = dateMs == null ? 0 : nowMs - dateMs;
  if (Math.abs(apartMs) <= CLOCKS_APART_MS) return null;
  const how = `${Math.round(Math.abs(apartMs) / 1000)} s ${apartMs > 0 ? 'ahead of' : 'behind'}`;
  return `its from and until cannot be judged: the clock of this machine is ${how} that of the API server, and may be ${CLOCKS_APART_MS / 1000} s off at most; set it`;
}

/** Reads the permit from the cluster at each call: owners may withdraw it during a drill. */
export class ClusterPermits {
  readonly #kube: KubeCall;
  readonly #namespace: string;

  constructor(kube: KubeCall, namespace: string) {
    this.#kube = kube;
    this.#namespace = namespace;
  }

  /** Why the owners of the cluster do not permit the check now, with where they would; null when they do. Never throws. */
  async problem(asking: Asking): Promise<string | null> {
    const found = await this.#read();
    const problem = 'problem' in found ? found.problem : permitProblem(found.permit, asking, new Date());
    return problem === null
      ? null
      : `not permitted in the cluster: ConfigMap ${this.#namespace}/${PERMIT_NAME} (keys checks, until, ticket; optional: from, faults): ${problem}`;
  }

  /** Which checks the owners do not permit now and why, and what makes their permit no guard. */
  async ask(all: readonly Asking[]): Promise<{ refused: Map<string, string>; weakness: string | null }> {
    const refused = new Map<string, string>();
    for (const asking of all) {
      const problem = await this.problem(asking);
      if (problem !== null) refused.set(asking.check, problem);
    }
    return { refused, weakness: refused.size < all.length ? await this.weakness() : null };
  }

  /** Why the permit is no guard: the account that drills may write it itself. null: it may not, or that is unknown. */
  async weakness(): Promise<string | null> {
    const allowed = await Promise.all(WRITES.map((verb) => this.#mayWrite(verb)));
    return allowed.includes(true)
      ? `the account that runs drills may write its own permit (ConfigMap ${this.#namespace}/${PERMIT_NAME}), so the permit protects nothing: take that right away (see deploy/rbac.yaml)`
      : null;
  }

  async #mayWrite(verb: string): Promise<boolean> {
    const attributes = { namespace: this.#namespace, verb, resource: 'configmaps', name: PERMIT_NAME };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: attributes },
    };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const reply = await this.#ask({ method: 'POST', path, body });
    return seenAt(reply?.body, 'status', 'allowed') === true;
  }

  async #read(): Promise<ReturnType<typeof parsePermit>> {
    const path = `/api/v1/namespaces/${this.#namespace}/configmaps/${PERMIT_NAME}`;
    const reply = await this.#ask({ method: 'GET', path });
    if (reply === null) return { problem: 'it cannot be read: no answer' };
    if (reply.status === 404) return { problem: 'it does not exist' };
    if (reply.status !== 200)
      return { problem: `it cannot be read: the API server answered ${reply.status}` };
    const problem = clockProblem(reply, Date.now());
    if (problem !== null) return { problem };
    return parsePermit(seenAt(reply.body, 'data') ?? {});
  }

  async #ask(request: { method: 'GET' | 'POST'; path: string; body?: unknown }): Promise<KubeReply | null> {
    try {
      return await this.#kube({ ...request, timeoutMs: CALL_TIMEOUT_MS });
    } catch {
      return null;
    }
  }
}
