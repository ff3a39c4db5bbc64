import { changed } from '../../_objects/gateway-template.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('topology/workloads/images', {
  'latest-elsewhere': {
    title: 'the gateway is declared with the image `latest` of another registry',
    seen: /registry of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, (container) => ({ ...container, image: 'elsewhere.test/gateway:latest' })),
  },
});
