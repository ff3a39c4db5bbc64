/** In the place of an account: whoever asks the API server without credentials. */
export const NOBODY = 'nobody';
