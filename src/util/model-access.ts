/** Where models come from that are no files of the node, and where it keeps what it fetched. */
interface ModelAccess {
  /** The folder of fetched models; undefined for one of this process alone. */
  readonly folder: string | undefined;
  /** The address of MLflow's tracking server, and who asks there. */
  readonly tracking: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
}
const none: ModelAccess = {
  folder: undefined,
  tracking: undefined,
  username: undefined,
  password: undefined,
  token: undefined,
};
let access = none;

/** Sets where this thread gets models from; what is not said is not there. */
export function setModelAccess(next: Partial<ModelAccess>): void {
  access = { ...none, ...next };
}
export const modelAccess = (): ModelAccess => access;
