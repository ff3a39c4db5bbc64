export { takePool as observe } from '../_pool/all-taken.ts';
