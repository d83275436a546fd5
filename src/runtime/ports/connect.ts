/** A connector as Kafka Connect describes it. */
export interface ConnectorInfo {
  readonly name: string;
  readonly type: string;
  readonly config: Readonly<Record<string, string>>;
  readonly tasks: readonly unknown[];
}
export interface ConnectorStatus {
  readonly name: string;
  readonly type: string;
  readonly connector: { readonly state: string; readonly worker_id: string; readonly trace?: string };
  readonly tasks: readonly {
    readonly id: number;
    readonly state: string;
    readonly worker_id: string;
    readonly trace?: string;
  }[];
}
export interface ConnectorPlugin {
  readonly class: string;
  readonly type: string;
  readonly version: string;
}

/** Kafka Connect's workers; what they refuse throws `ConnectRefused` with their words, and one that is away a `TypeError`. */
export interface Connect {
  create(name: string, config: Readonly<Record<string, string>>): Promise<ConnectorInfo>;
  /** False when there is no such connector. */
  remove(name: string): Promise<boolean>;
  names(): Promise<readonly string[]>;
  /** Undefined when there is no such connector. */
  info(name: string): Promise<ConnectorInfo | undefined>;
  status(name: string): Promise<ConnectorStatus | undefined>;
  topics(name: string): Promise<readonly string[]>;
  plugins(): Promise<readonly ConnectorPlugin[]>;
}

export class ConnectRefused extends Error {
  override readonly name = 'ConnectRefused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
