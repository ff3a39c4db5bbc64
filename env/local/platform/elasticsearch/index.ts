/** Elasticsearch with the documents of the platform. */
import { HAPROXY } from '../../images/debian/debian-stores.ts';
import { ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER } from '../../images/elasticsearch.ts';
import { JAVA_RUNTIME } from '../../images/java.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { TENDER } from '../context.ts';
import { part } from '../part.ts';
import { ensureDocuments } from './documents.ts';
import { serverObjects } from './server.ts';

export const HAPROXY_IMAGE: ImageRecipe = {
  name: 'haproxy',
  tag: { version: '2.6' },
  layers: [base, { kind: 'debian', recipe: HAPROXY }],
  run: { entrypoint: ['haproxy'], user: NONROOT },
};

export const ELASTICSEARCH_IMAGES: readonly ImageRecipe[] = [
  {
    name: 'elasticsearch',
    tag: { version: '9.5.3' },
    layers: [base, JAVA_RUNTIME, ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER],
    run: { entrypoint: ['java'], user: NONROOT, workdir: '/tmp' },
  },
  HAPROXY_IMAGE,
];

export const store = part({
  name: 'elasticsearch',
  images: ELASTICSEARCH_IMAGES,
  passwords: ['elasticsearchTender', 'elasticsearchPlumbline'],
  objects: (context, secrets) => {
    const users = ['plumbline', 'tender'];
    return serverObjects(context, secrets, { name: 'elasticsearch', namespace: TENDER, heap: '400m', users });
  },
  works: ensureDocuments,
});
