import { useInfiniteQuery, type InfiniteData } from '@tanstack/react-query';
import { useDeferredValue, useMemo } from 'react';
import type { VideoPage, VideoState } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { useRemovals } from './removals';

const PAGE = 100;

export interface Filter {
  state: VideoState | '';
  words: string;
}

/**
 * All videos that pass, newest first, page by page. The API chooses by state; by words it cannot, so that is done here
 * among those that have come.
 */
export function useVideos({ state, words }: Filter) {
  const api = usePlatform();
  const { pending } = useRemovals();
  const query = useInfiniteQuery<VideoPage, Problem, InfiniteData<VideoPage>, readonly string[], string | undefined>({
    queryKey: ['videos', state],
    queryFn: ({ pageParam, signal }) =>
      api.page({ limit: PAGE, ...(pageParam && { after: pageParam }), ...(state && { status: state }) }, signal),
    initialPageParam: undefined,
    getNextPageParam: (page) => (page.has_more && page.last_id ? page.last_id : undefined),
    // Asked for again as a whole it would be many requests; the first visit after a change does it (useVideo.ts).
    staleTime: Infinity,
    // Comparing all that came before with itself, for each page, is what would make long lists jerk.
    structuralSharing: false,
  });
  const wanted = useDeferredValue(words.trim().toLocaleLowerCase());
  const videos = useMemo(() => {
    const gone = new Set(pending);
    const all = query.data?.pages.flatMap((page) => page.data) ?? [];
    return all.filter((video) => !gone.has(video.id) && video.prompt.toLocaleLowerCase().includes(wanted));
  }, [query.data, pending, wanted]);
  return { videos, query };
}
