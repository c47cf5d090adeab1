import { useQuery } from '@tanstack/react-query';
import type { Variant, Video } from '../api/api';
import type { Problem } from '../api/problem';
import { usePlatform } from '../platform';

export const fileKey = ({ id }: Pick<Video, 'id'>, variant: Variant) => ['file', id, variant] as const;

/** A file of a video, which never changes. Nobody fetches on what is no longer shown. */
export function useFile(video: Pick<Video, 'id'>, variant: Variant) {
  const api = usePlatform();
  return useQuery<Blob, Problem>({
    queryKey: fileKey(video, variant),
    queryFn: ({ signal }) => api.file(video.id, variant, signal),
    staleTime: Infinity,
    gcTime: 60_000,
  });
}
