import { MutationObserver, type QueryClient } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Api } from '../../shared/api/api';
import { problemIn, type Problem } from '../../shared/api/problem';

/** So long one can think better of it. */
const GRACE_MS = 7000;

/** A video that is still there, and why. */
export interface Failure {
  id: string;
  problem: Problem;
}

/**
 * Videos that are as good as deleted: nobody sees them any more, and the platform is told when the grace is over. Who
 * leaves the page has not thought better of it.
 */
export class Removals {
  private ids: readonly string[] = [];
  private last: Failure | null = null;
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly listeners = new Set<() => void>();

  constructor(
    /** Tells the platform; rejects where it could not. */
    private readonly tell: (id: string) => Promise<unknown>,
    /** Hears of a video whether it is gone; until that is seen everywhere, the video stays out of sight. */
    private readonly settled: (id: string, gone: boolean) => Promise<void>,
  ) {}

  subscribe = (told: () => void) => {
    this.listeners.add(told);
    return () => void this.listeners.delete(told);
  };

  /** The newest last. */
  pending = () => this.ids;

  /** The last that failed, until it is tried again, put aside, or another is removed. */
  failed = () => this.last;

  remove(id: string): void {
    if (this.timers.has(id)) return;
    this.last = null;
    this.timers.set(id, setTimeout(() => void this.send(id), GRACE_MS));
    this.change([...this.ids, id]);
  }

  /** Until the platform is told. */
  canUndo(id: string): boolean {
    return this.timers.has(id);
  }

  undo(id: string): void {
    if (!this.canUndo(id)) return;
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.change(this.ids.filter((each) => each !== id));
  }

  /** Once more what failed, now: there was a grace already. */
  again = (): void => {
    const failure = this.last;
    if (failure === null || this.ids.includes(failure.id)) return;
    this.last = null;
    this.change([...this.ids, failure.id]);
    void this.send(failure.id);
  };

  putAside = (): void => {
    this.last = null;
    this.change(this.ids);
  };

  flush = (): void => {
    for (const id of this.timers.keys()) void this.send(id);
  };

  private async send(id: string): Promise<void> {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.change([...this.ids]);
    const problem = await this.tell(id).then(() => null, problemIn);
    // What somebody else has deleted is gone too.
    const gone = problem === null || problem.status === 404;
    await this.settled(id, gone);
    if (!gone) this.last = { id, problem };
    this.change(this.ids.filter((each) => each !== id));
  }

  private change(ids: readonly string[]): void {
    this.ids = ids;
    this.listeners.forEach((told) => told());
  }
}

export const RemovalsContext = createContext<Removals | null>(null);

export function useRemovals(): { removals: Removals; pending: readonly string[]; failed: Failure | null } {
  const removals = useContext(RemovalsContext);
  if (removals === null) throw new Error('nobody removes anything here');
  const pending = useSyncExternalStore(removals.subscribe, removals.pending);
  const failed = useSyncExternalStore(removals.subscribe, removals.failed);
  return { removals, pending, failed };
}

/** Delete as everything else is asked of the platform: a key that opens nothing any more shuts the page. */
export function removing(client: QueryClient, api: Pick<Api, 'remove'>) {
  return (id: string) => new MutationObserver(client, { mutationFn: () => api.remove(id) }).mutate();
}

/** Forget what was shown of a deleted video; where deleting failed, look what became of it. */
export function forgetting(client: QueryClient) {
  return async (id: string, gone: boolean) => {
    await client.invalidateQueries({ queryKey: gone ? ['videos'] : ['video', id] });
    if (gone) client.removeQueries({ predicate: ({ queryKey }) => queryKey[1] === id });
  };
}
