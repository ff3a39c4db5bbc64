/** One request of a script, whatever function it came through. */
export interface RequestArguments {
  method: string;
  url: unknown;
  body: unknown;
  params: unknown;
}
