/** One request of a script, whatever function it came through. */
export interface RequestArguments {
  method: string;
  url: unknown;
  body: unknown;
  params: unknown;
}

/** What `http.url` makes: an address, and the template that is its name. */
export class NamedUrl {
  readonly url: string;
  readonly name: string;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  toString(): string {
    return this.url;
  }
}

/** A request of which nothing is sent, for what its arguments are: in k6 an answer that says so, and no sample. */
export class InvalidRequest extends Error {
  /** 0: k6 has no code for it. */
  readonly errorCode: number;

  constructor(message: string, errorCode = 0) {
    super(message);
    this.errorCode = errorCode;
  }
}
