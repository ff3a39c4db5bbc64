/** RabbitMQ with the queue of the application. */
import { RABBITMQ, RABBITMQ_HOME } from '../../images/debian/debian-stores.ts';
import { base, NONROOT, type ImageRecipe } from '../../images/recipes.ts';
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

export const store = part({
  name: 'rabbitmq',
  images: [RABBITMQ_IMAGE],
  passwords: ['rabbitmqAdmin', 'rabbitmqTender', 'rabbitmqPlumbline', 'erlangCookie'],
  works: ensureQueue,
});
