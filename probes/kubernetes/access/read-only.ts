/** What only reads of an API server, and the guard of a run that may do nothing else. */

/** Something that acts was tried in a run that may only read. It was not carried out; that it was tried is a defect of Plumbline. */
export class ReadOnlyError extends Error {
  constructor(tried: string) {
    super(`read only: refused, and not carried out: ${tried}`);
    this.name = 'ReadOnlyError';
  }
}

/** Questions about one's own rights: the API server answers them and stores nothing (Kubernetes API, authorization.k8s.io/v1). */
const QUESTIONS = /^\/apis\/authorization\.k8s\.io\/v1\/selfsubject(?:access|rules)reviews$/;
/**
 * Subresources that act though they are asked for with GET: exec, attach and portforward become a WebSocket to what runs in the pod, and a proxy
 * hands the request on to it (Kubernetes API, core/v1).
 */
const ACTING =
  /^\/api\/v1\/(?:nodes|namespaces\/[^/]+\/(?:pods|services))\/[^/]+\/(?:exec|attach|portforward|proxy)(?:\/|$)/;

/**
 * Lets requests through that only read, and remembers every other that was tried. Whatever reaches the cluster in a read-only run is made with the
 * guard of that run, so that nothing depends on the checks.
 */
export class ReadOnlyGuard {
  readonly #tried = new Set<string>();

  /** What was refused, each once. Not empty: Plumbline has a defect. */
  get tried(): readonly string[] {
    return [...this.#tried];
  }

  /** @throws ReadOnlyError for a request that may change something */
  admit({ method, path }: { method: string; path: string }): void {
    const bare = path.replace(/\?.*$/, '');
    const reads = method === 'GET' ? !ACTING.test(bare) : method === 'POST' && QUESTIONS.test(bare);
    if (!reads) this.refuse(`${method} ${bare}`);
  }

  /** @throws ReadOnlyError always */
  refuse(what: string): never {
    this.#tried.add(what);
    throw new ReadOnlyError(what);
  }
}
