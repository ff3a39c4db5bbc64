/** Neo4j Community. */
import { JAVA_RUNTIME, mavenLayer } from '../../images/java.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { render } from '../manifests.ts';
import { part } from '../part.ts';
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

export const store = part({
  name: 'neo4j',
  images: [NEO4J_IMAGE],
  passwords: ['neo4j'],
  // The first password is given to the server as it keeps it.
  objects: (context, secrets) =>
    render(context, secrets, {
      folder: 'neo4j',
      values: { 'auth.ini': authLine('neo4j', secrets.neo4j) },
    }),
});
