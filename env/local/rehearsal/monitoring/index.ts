/** Prometheus as another team runs it, with the rules of this environment's objectives. */
import { PROMETHEUS_IMAGE } from '../../images/recipes.ts';
import { render } from '../../platform/manifests.ts';
import { part } from '../../platform/part.ts';
import { rulesOf } from '../../platform/prometheus/objectives.ts';

export const monitoring = part({
  name: 'monitoring',
  images: [PROMETHEUS_IMAGE],
  objects: (context, secrets) =>
    render(context, secrets, {
      folder: import.meta.dirname,
      plain: true,
      values: { rules: rulesOf(context.instance) },
    }),
});
