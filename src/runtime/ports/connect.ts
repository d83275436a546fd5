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

/**
 * Kafka Connect's workers. A refused request throws `ConnectRefused` with their message; a failed connection throws a
 * `TypeError`.
 */
export interface Connect {
  create(name: string, config: Readonly<Record<string, string>>): Promise<ConnectorInfo>;
  /** Removes a connector; false when it does not exist. */
  remove(name: string): Promise<boolean>;
  names(): Promise<readonly string[]>;
  /** Describes a connector; undefined when it does not exist. */
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
