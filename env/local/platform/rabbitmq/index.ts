/** RabbitMQ with the queue of the application. */
import { RABBITMQ, RABBITMQ_HOME } from '../../images/debian/debian-stores.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
import { TENDER } from '../context.ts';
import { render } from '../manifests.ts';
import { part } from '../part.ts';
import { ensureQueue } from './queue.ts';

export const RABBITMQ_IMAGE: ImageRecipe = {
  name: 'rabbitmq',
  tag: { version: '3.10' },
  layers: [base, { kind: 'debian', recipe: RABBITMQ }],
  run: {
    entrypoint: ['rabbitmq-server'],
    user: NONROOT,
    workdir: '/tmp',
    env: {
      PATH: `${RABBITMQ_HOME}/sbin:/usr/lib/erlang/bin:/usr/local/bin:/usr/bin:/bin`,
      LANG: 'C.UTF-8',
    },
  },
};

/** What its manifests leave open, by the names that `{{value …}}` uses. */
export type Rabbitmq = Readonly<
  Record<'name' | 'namespace' | 'container' | 'cluster' | 'address' | 'class', string>
>;

const NAME = 'rabbitmq';
const VALUES: Rabbitmq = {
  name: NAME,
  namespace: TENDER,
  container: NAME,
  cluster: 'tender',
  address: '60',
  class: 'plumbline-local',
};

export const store = part({
  name: NAME,
  images: [RABBITMQ_IMAGE],
  passwords: ['rabbitmqAdmin', 'rabbitmqTender', 'rabbitmqPlumbline', 'erlangCookie'],
  objects: (context, secrets) =>
    render(context, secrets, { folder: NAME, files: ['manifests.yaml', 'accounts.yaml'], values: VALUES }),
  works: ensureQueue,
});
