import { controlsFor } from '../../../harness/control.ts';
import { CERTIFICATE_PORT, UNSIGNED_PORT, serveCertificate } from './short-certificate.ts';

const SHORT_DAYS = 5;

const LASTING_DAYS = 90;

export const controls = controlsFor('topology/cluster/versions', {
  'short-certificate': {
    title: `a declared endpoint serves a certificate that is valid for ${SHORT_DAYS} days`,
    seen: /short-lived.*[45]\.\d days/,
    settings: {
      settings: {
        certificates: [{ name: 'short-lived', host: '127.0.0.1', port: CERTIFICATE_PORT, trust: 'system' }],
      },
    },
    break: (ctx) => serveCertificate({ days: SHORT_DAYS, port: CERTIFICATE_PORT }, ctx.signal),
  },
  'signed-by-nobody': {
    title: 'a declared endpoint serves a certificate for another name, signed by no trusted authority',
    seen: /chain of certificate of stranger/,
    settings: {
      settings: {
        certificates: [{ name: 'stranger', host: '127.0.0.1', port: UNSIGNED_PORT, trust: 'system' }],
      },
    },
    break: (ctx) => serveCertificate({ days: LASTING_DAYS, port: UNSIGNED_PORT }, ctx.signal),
  },
});
