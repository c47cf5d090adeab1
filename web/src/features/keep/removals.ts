import type { QueryClient } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Api } from '../../shared/api/api';

/** So long one can think better of it. */
const GRACE_MS = 7000;

/**
 * Videos that are as good as deleted: nobody sees them any more, and the platform is told when the grace is over. Who
 * leaves the page has not thought better of it.
 */
export class Removals {
  private ids: readonly string[] = [];
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly api: Pick<Api, 'remove'>,
    /** Hears of a video whether it is gone; until that is seen everywhere, the video stays out of sight. */
    private readonly settled: (id: string, gone: boolean) => Promise<void>,
  ) {}

  subscribe = (told: () => void) => {
    this.listeners.add(told);
    return () => void this.listeners.delete(told);
  };

  /** The newest last. */
  pending = () => this.ids;

  remove(id: string): void {
    if (this.timers.has(id)) return;
    this.timers.set(id, setTimeout(() => void this.send(id), GRACE_MS));
    this.change([...this.ids, id]);
  }

  undo(id: string): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.change(this.ids.filter((each) => each !== id));
  }

  flush = (): void => {
    for (const id of this.timers.keys()) void this.send(id);
  };

  private async send(id: string): Promise<void> {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    const gone = await this.api.remove(id).then(
      () => true,
      () => false,
    );
    await this.settled(id, gone);
    this.change(this.ids.filter((each) => each !== id));
  }

  private change(ids: readonly string[]): void {
    this.ids = ids;
    this.listeners.forEach((told) => told());
  }
}

export const RemovalsContext = createContext<Removals | null>(null);

export function useRemovals(): { removals: Removals; pending: readonly string[] } {
  const removals = useContext(RemovalsContext);
  if (removals === null) throw new Error('nobody removes anything here');
  return { removals, pending: useSyncExternalStore(removals.subscribe, removals.pending) };
}

/** Forget what was shown of a deleted video; where deleting failed, look what became of it. */
export function forgetting(client: QueryClient) {
  return async (id: string, gone: boolean) => {
    await client.invalidateQueries({ queryKey: gone ? ['videos'] : ['video', id] });
    if (gone) client.removeQueries({ predicate: ({ queryKey }) => queryKey[1] === id });
  };
}
