import type { RenderContext } from '../manifests.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import type { Secrets } from '../secrets.ts';

interface Server {
  /** Of its StatefulSet and of the folder with its manifests. */
  readonly name: string;
  readonly namespace: string;
  /** As the JVM takes it, such as `400m`. */
  readonly heap: string;
  /** Accounts of the gate before it; the variable `<USER>_PASSWORD` of the gate holds the password of each. */
  readonly users: readonly string[];
}

/** Every object of a store whose servers are those of server.yaml. */
export function serverObjects(
  context: RenderContext,
  secrets: Secrets,
  { users, ...server }: Server,
): KubeObject[] {
  const accounts = users
    .map((user) => `  user ${user} insecure-password "\${${user.toUpperCase()}_PASSWORD}"`)
    .join('\n');
  const files = ['manifests.yaml', '../elasticsearch/server.yaml'];
  return render(context, secrets, { folder: server.name, files, values: { ...server, accounts } });
}
