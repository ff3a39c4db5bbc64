/** Zipkin, to which the application sends its spans. */
import { JAVA_RUNTIME, mavenLayer } from '../../images/java.ts';
import { base, NONROOT } from '../../images/recipes.ts';
import { render } from '../../platform/manifests.ts';
import { part } from '../../platform/part.ts';

export const tracing = part({
  name: 'tracing',
  images: [
    {
      name: 'zipkin',
      tag: { version: '3.6.1' },
      layers: [base, JAVA_RUNTIME, mavenLayer('zipkin', 'zipkin.lock', 'opt/zipkin')],
      run: {
        entrypoint: [
          'java',
          '-Xms96m',
          '-Xmx256m',
          '-XX:TieredStopAtLevel=1',
          '-XX:+UseSerialGC',
          '-jar',
          '/opt/zipkin/zipkin-server-3.6.1-exec.jar',
        ],
        user: NONROOT,
        workdir: '/tmp',
      },
    },
  ],
  objects: (context, secrets) => render(context, secrets, { folder: import.meta.dirname, plain: true }),
});
