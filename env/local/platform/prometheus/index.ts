/** Prometheus: one server that scrapes the platform's pods. */
import { render } from '../manifests.ts';
import { part } from '../part.ts';
import { prometheusConfig } from './config.ts';
import { rulesOf } from './objectives.ts';

export const prometheus = part({
  name: 'prometheus',
  objects: (context, secrets) => {
    const values = {
      'prometheus.yml': prometheusConfig(context),
      ...(context.with.includes('telemetry') && { 'rules.yml': rulesOf(context.instance) }),
    };
    return render(context, secrets, { folder: 'prometheus', values });
  },
});
