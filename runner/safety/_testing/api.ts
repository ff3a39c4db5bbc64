import { mergePatched } from '../diff.ts';
import type { KubeCall, KubeReply, KubeRequest } from '../types.ts';
import { isJson, textAt } from '../timers/undo-kube.ts';
import type { Json } from '../timers/undo-kube.ts';

type Stored = {
  metadata: { name: string; uid: string; resourceVersion: string } & Record<string, Json>;
  [field: string]: Json;
};

/** For unit tests only: objects by path, with resource versions, UIDs and preconditions as the API server has them. */
export class TestApi {
  readonly objects = new Map<string, Stored>();
  readonly requests: KubeRequest[] = [];
  /** While set, nothing is answered. */
  down = false;
  #version = 0;

  readonly call: KubeCall = (request) => {
    this.requests.push(request);
    if (this.down) return Promise.reject(new Error('connect ECONNREFUSED'));
    const path = request.path.replace(/\?.*/, '');
    return Promise.resolve(this.#answer(request, path));
  };

  put(path: string, object: Record<string, Json>): void {
    const name = path.split('/').at(-1) ?? '';
    const metadata = {
      ...(object['metadata'] as Record<string, Json> | undefined),
      name,
      uid: `uid-${++this.#version}`,
      resourceVersion: String(this.#version),
    };
    this.objects.set(path, { ...object, metadata });
  }

  #answer(request: KubeRequest, path: string): KubeReply {
    const { method, body } = request;
    if (method === 'POST') return this.#create(path, objectIn(body));
    const held = this.objects.get(path);
    if (request.contentType === 'application/apply-patch+yaml')
      return this.#apply(path, held, objectIn(body));
    if (request.path.includes('labelSelector')) return { status: 200, body: {} };
    if (held === undefined) return { status: 404, body: {} };
    return this.#change(request, path, held);
  }

  #apply(path: string, held: Stored | undefined, body: Record<string, Json>): KubeReply {
    if (held === undefined) this.put(path, body);
    else this.#store(path, { ...held, ...body, metadata: held.metadata });
    return { status: 200, body: this.objects.get(path) };
  }

  #change({ method, body }: KubeRequest, path: string, held: Stored): KubeReply {
    if (method === 'DELETE') return this.#delete(path, held, textAt(body, 'preconditions', 'uid'));
    if (method === 'GET') return { status: 200, body: structuredClone(held) };
    const sent = textAt(body, 'metadata', 'resourceVersion');
    if (sent !== undefined && sent !== held.metadata.resourceVersion) return { status: 409, body: {} };
    const given = objectIn(body);
    const now = objectIn(method === 'PUT' ? given : mergePatched(held, given));
    this.#store(path, { ...now, metadata: { ...held.metadata, ...objectIn(now['metadata'] ?? {}) } });
    return { status: 200, body: structuredClone(this.objects.get(path)) };
  }

  #create(path: string, body: Record<string, Json>): KubeReply {
    const at = `${path}/${(body['metadata'] as { name: string }).name}`;
    if (this.objects.has(at)) return { status: 409, body: {} };
    this.put(at, body);
    return { status: 201, body: structuredClone(this.objects.get(at)) };
  }

  #delete(path: string, held: Stored, uid: string | undefined): KubeReply {
    if (uid !== undefined && uid !== held.metadata.uid) return { status: 409, body: {} };
    this.objects.delete(path);
    return { status: 200, body: {} };
  }

  #store(path: string, object: Stored): void {
    const resourceVersion = String(++this.#version);
    this.objects.set(path, { ...object, metadata: { ...object.metadata, resourceVersion } });
  }
}

function objectIn(body: unknown): Record<string, Json> {
  if (!isJson(body) || typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Error(`no object: ${JSON.stringify(body)}`);
  return body;
}
