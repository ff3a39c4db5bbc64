import type { Component, RenderContext } from '../manifests.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import type { Secrets } from '../secrets.ts';

/** What the manifests of a StatefulSet of Elasticsearch leave open, by the names that `{{value …}}` uses. */
interface Server {
  /** Of the StatefulSet. */
  readonly name: string;
  readonly namespace: string;
  /** Of the containers. Default: `name` and `gate`. */
  readonly server?: string;
  readonly gate?: string;
  /** Where its data are. */
  readonly data?: string;
  /** Of its volumes. */
  readonly class?: string;
  /** As the JVM takes it, such as `400m`. */
  readonly heap: string;
  /** The account beside `plumbline`, which may do everything. */
  readonly owner: string;
  /** Behind the address of each port of the gate. */
  readonly tls?: string;
  /** Lines of the gate that say what an account may not do. */
  readonly rules?: string;
}

/** Of a set of members: manifests.yaml and elasticsearch.yml. */
export interface Members extends Server {
  readonly cluster: string;
  /** Its members' roles, and the StatefulSet of the masters. */
  readonly roles: string;
  readonly masters: string;
  /** The first masters; empty for members that are none. */
  readonly first: string;
  /** Requested, and the limit. */
  readonly memory: string;
  readonly most: string;
  /** For clients, with the last number of its address. */
  readonly service: string;
  readonly address: string;
}

/** Every object of a store whose servers are those of server.yaml. */
export function serverObjects(
  context: RenderContext,
  secrets: Secrets,
  server: Server,
  { folder = 'elasticsearch', files = ['manifests.yaml'], ...component }: Partial<Component> = {},
): KubeObject[] {
  const values = {
    server: server.name,
    gate: 'gate',
    data: '/var/lib/elasticsearch',
    class: 'plumbline-local',
    tls: '',
    rules: '',
    ...server,
  };
  const [first = '', ...others] = files;
  const all = [first, '../elasticsearch/server.yaml', ...others];
  return render(context, secrets, { ...component, folder, files: all, values });
}
