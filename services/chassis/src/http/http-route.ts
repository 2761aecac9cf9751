/** One thing that can be asked over HTTP. */
export interface HttpRoute {
  /** What its spans are called, for example "POST /v1/things/{id}". */
  readonly name: string;
  readonly method: "POST";
  /** Matches the whole path; its groups are the request's `params`. */
  readonly path: RegExp;
  /** A larger body is refused with 413. */
  readonly maxBodyBytes: number;
  /** Answers with 200 and this as JSON. What it throws is the answer otherwise: a CallFailure by its code, anything else as a defect. */
  readonly handle: (request: HttpRequest) => Promise<unknown>;
}

/** A request whose head has arrived. */
export interface HttpRequest {
  /** The groups of the route's path. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** In lower case, without parameters; "" when none was sent. */
  readonly contentType: string;
  /** Reads the body; at most once. A handler that refuses before has made the server hold nothing. */
  readonly body: () => Promise<Uint8Array>;
}
