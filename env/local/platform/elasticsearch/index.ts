/** Elasticsearch with the documents of the platform. */
import { HAPROXY } from '../../images/debian/debian-stores.ts';
import { ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER } from '../../images/elasticsearch.ts';
import { JAVA_RUNTIME } from '../../images/java.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { TENDER } from '../context.ts';
import { part } from '../part.ts';
import { ensureDocuments } from './documents.ts';
import { serverObjects, type Members } from './server.ts';

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

const NAME = 'elasticsearch';
/** They hold data and may become master. */
const MEMBERS: Members = {
  name: NAME,
  namespace: TENDER,
  cluster: 'tender',
  roles: 'master,data',
  masters: NAME,
  first: [0, 1, 2].map((at) => `${NAME}-${at}`).join(','),
  heap: '400m',
  memory: '640Mi',
  most: '896Mi',
  owner: 'tender',
  service: NAME,
  address: '50',
};

export const store = part({
  name: NAME,
  images: ELASTICSEARCH_IMAGES,
  passwords: ['elasticsearchOwner', 'elasticsearchPlumbline'],
  objects: (context, secrets) =>
    serverObjects(context, secrets, MEMBERS, { files: ['manifests.yaml', 'service.yaml'] }),
  works: ensureDocuments,
});
