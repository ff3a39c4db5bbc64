/** Neo4j Community. */
import { JAVA_RUNTIME, mavenLayer } from '../../images/java.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { TENDER } from '../context.ts';
import { render, type Component, type RenderContext } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { part } from '../part.ts';
import type { Secrets } from '../secrets.ts';
import { authLine } from './auth.ts';

export const NEO4J_IMAGE: ImageRecipe = {
  name: 'neo4j',
  tag: { version: '2026.08.1' },
  layers: [base, JAVA_RUNTIME, mavenLayer('neo4j', 'neo4j.lock', 'opt/neo4j/lib')],
  run: {
    entrypoint: ['java', '-cp', '/opt/neo4j/lib/*', 'org.neo4j.server.Neo4jCommunity'],
    user: NONROOT,
    workdir: '/tmp',
  },
};

/** What its manifests leave open, by the names that `{{value …}}` uses. */
interface Neo4j {
  readonly name: string;
  readonly namespace: string;
  readonly container: string;
  readonly database: string;
  /** Where its data are. */
  readonly data: string;
  /** The last number of its address. */
  readonly address: string;
  /** Of its volume. */
  readonly class: string;
}

/** Every object of the server. @param owner the first password of the user `neo4j`, which the server is given as it keeps it */
export function serverObjects(
  context: RenderContext,
  secrets: Secrets,
  { owner, ...values }: Neo4j & { readonly owner: string },
  component: Pick<Component, 'files' | 'labelling'>,
): KubeObject[] {
  return render(context, secrets, {
    ...component,
    folder: 'neo4j',
    values: { ...values, 'auth.ini': authLine('neo4j', owner) },
  });
}

const NAME = 'neo4j';
const SERVER: Neo4j = {
  name: NAME,
  namespace: TENDER,
  container: NAME,
  database: NAME,
  data: '/data',
  address: '70',
  class: 'plumbline-local',
};

export const store = part({
  name: NAME,
  images: [NEO4J_IMAGE],
  passwords: ['neo4j'],
  objects: (context, secrets) =>
    serverObjects(
      context,
      secrets,
      { ...SERVER, owner: secrets.neo4j },
      { files: ['manifests.yaml', 'application.yaml'] },
    ),
});
