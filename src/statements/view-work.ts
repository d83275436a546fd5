import type { Engine } from '../engine/engine.ts';

/** Work on a feature view beside its query: the last of a kind that this node has begun. */
interface ViewWork {
  readonly progress: { readonly state: string };
  cancel(): Promise<void>;
}
type Kind = 'BACKFILL' | 'VERIFICATION';

/** The id by which SHOW tells of work on a view, and TERMINATE ends it. */
export const workId = (kind: Kind, view: string): string => `${kind}_${view}`;

const endings = ['DONE', 'CANCELLED', 'ERROR'];
export const isAtWork = ({ progress }: ViewWork): boolean => !endings.includes(progress.state);

/** Ends the work that TERMINATE names; false if the name is of none. */
export async function terminateWork({ backfills, verifications }: Engine, id: string): Promise<boolean> {
  const kinds: Readonly<Record<Kind, ReadonlyMap<string, ViewWork>>> = {
    BACKFILL: backfills,
    VERIFICATION: verifications,
  };
  for (const kind of Object.keys(kinds) as Kind[])
    for (const [view, work] of kinds[kind]) {
      if (workId(kind, view) !== id) continue;
      await work.cancel();
      return true;
    }
  return false;
}
