/** The part `telemetry`: where log lines, traces and alerts go, and what shows dashboards. Prometheus is always there; see prometheus/. */
import { ALERTMANAGER } from '../../images/debian/debian-services.ts';
import { app, bare, base, NONROOT, programs, service } from '../../images/recipes.ts';
import { store as elasticsearch } from '../elasticsearch/index.ts';
import { ensureTemplate, logstoreObjects } from '../logstore/index.ts';
import { render } from '../manifests.ts';
import { part } from '../part.ts';

export const telemetry = part({
  name: 'telemetry',
  images: [
    // The log store is a separate server from the same image as the store Elasticsearch.
    ...elasticsearch.images,
    app('log-shipper', [service('log-shipper')]),
    app('grafana-stub', [service('grafana-stub')]),
    {
      name: 'jaeger',
      tag: { module: 'github.com/jaegertracing/jaeger' },
      layers: [bare, programs('jaeger')],
      run: { entrypoint: ['jaeger'], user: NONROOT },
    },
    {
      name: 'alertmanager',
      tag: { version: '0.25' },
      layers: [base, { kind: 'debian', recipe: ALERTMANAGER }],
      run: { entrypoint: ['prometheus-alertmanager'], user: NONROOT, workdir: '/tmp' },
    },
  ],
  passwords: ['logstorePlumbline', 'logstoreShipper', 'grafanaToken'],
  objects: (context, secrets) => [
    ...logstoreObjects(context, secrets),
    ...['log-shipper', 'jaeger', 'alertmanager', 'grafana-stub'].flatMap((folder) =>
      render(context, secrets, { folder }),
    ),
  ],
  // Lines must have somewhere to go. The data source of Grafana's stand-in may come later.
  works: ensureTemplate,
});
