/** Log lines as another team gathers them: rsyslog on every node, and an Elasticsearch whose mapping grows with what comes. */
import { RSYSLOG } from '../../images/debian/debian-rehearsal.ts';
import { base } from '../../images/recipes.ts';
import { ELASTICSEARCH_IMAGES } from '../../platform/elasticsearch/index.ts';
import { render } from '../../platform/manifests.ts';
import { part } from '../../platform/part.ts';

export const logs = part({
  name: 'logs',
  images: [
    {
      name: 'rsyslog',
      tag: { version: '8.2302' },
      layers: [base, { kind: 'debian', recipe: RSYSLOG }],
      run: { entrypoint: ['rsyslogd', '-n', '-i', 'NONE'], workdir: '/tmp' },
    },
    ...ELASTICSEARCH_IMAGES.filter(({ name }) => name === 'elasticsearch'), // without the proxy
  ],
  objects: (context, secrets) => render(context, secrets, { folder: import.meta.dirname, plain: true }),
});
