import type { Filter } from './useVideos';

/** What of the gallery is seen: which videos, and how far down. */
export interface Place {
  filter: Filter;
  /** Pixels above the window. */
  scroll: number;
}

export const TOP: Place = { filter: { state: '', words: '' }, scroll: 0 };
