/** The images of the optional parts of the platform, built only if the part is provisioned. */
import { APP_USER } from './debian/debian-recipes.ts';
import { ALERTMANAGER, PYTHON_SERVICE } from './debian/debian-services.ts';
import { app, bare, base, programs, service } from './recipes.ts';
import type { ImageRecipe } from './recipes.ts';
import { STORE_IMAGES } from './store-images.ts';

const NONROOT = `${String(APP_USER)}:${String(APP_USER)}`;

/** By the name of the part, as in `--with`. */
export const PART_IMAGES: Readonly<Record<string, readonly ImageRecipe[]>> = {
  telemetry: [
    // The log store is a separate server from the same image as the store Elasticsearch.
    ...(STORE_IMAGES.elasticsearch ?? []),
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
  ai: [
    {
      name: 'external-metrics',
      tag: { version: '0.1.0' },
      layers: [bare, programs('external-metrics')],
      run: { entrypoint: ['external-metrics'], user: NONROOT, workdir: '/tmp' },
    },
    app('llm-stub', [service('llm-stub')]),
    {
      name: 'tender-ai',
      tag: { version: '0.1.0' },
      layers: [base, { kind: 'debian', recipe: PYTHON_SERVICE }, service('tender-ai')],
      run: {
        entrypoint: ['python3', '/app/service/main.py'],
        user: NONROOT,
        workdir: '/app',
        env: { LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
      },
    },
  ],
  gpu: [
    {
      name: 'device-plugin',
      tag: { version: '0.1.0' },
      layers: [bare, programs('device-plugin')],
      run: { entrypoint: ['device-plugin'] },
    },
  ],
};
