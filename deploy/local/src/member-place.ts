/** Where a member listens and where it leaves its traces. */
export interface MemberPlace {
  /** Unique in its cluster; names the log and the record. */
  readonly name: string;
  readonly port: number;
  readonly logDirectory: string;
  readonly recordDirectory: string;
  /** The process' environment beside what every process gets; asked at every start. Carries WINDLASS_HOME, by which the processes of a cluster are recognised. */
  readonly env: () => Readonly<Record<string, string>>;
}
