// eslint-disable-next-line no-control-regex -- all of ASCII, of which control characters are a part
const ASCII = /^[\x00-\x7f]*$/;

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}
