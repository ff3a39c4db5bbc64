// eslint-disable-next-line no-control-regex -- ASCII includes control characters
const ASCII = /^[\x00-\x7f]*$/;

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}
