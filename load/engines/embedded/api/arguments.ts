/** The arguments of one request, the same for every function of `k6/http`. */
export interface RequestArguments {
  method: string;
  url: unknown;
  body: unknown;
  params: unknown;
}

/** The result of `http.url`: a URL, and its template, which becomes the `name` tag. */
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

/** The arguments are invalid, so nothing is sent. As in k6, the script gets a response with the error, and no sample is recorded. */
export class InvalidRequest extends Error {
  /** 0: k6 has no code for it. */
  readonly errorCode: number;

  constructor(message: string, errorCode = 0) {
    super(message);
    this.errorCode = errorCode;
  }
}
