import { useQuery } from '@tanstack/react-query';
import type { Variant, Video } from '../api/api';
import type { Problem } from '../api/problem';
import { usePlatform } from '../platform';

/** A file of a video, which never changes; fetched when it is `wanted`. Nobody fetches on what is no longer shown. */
export function useFile({ id }: Pick<Video, 'id'>, variant: Variant, wanted = true) {
  const api = usePlatform();
  return useQuery<Blob, Problem>({
    queryKey: ['file', id, variant],
    queryFn: ({ signal }) => api.file(id, variant, signal),
    enabled: wanted,
    staleTime: Infinity,
    gcTime: 60_000,
  });
}
