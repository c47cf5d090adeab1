import { keepPreviousData, useMutation, useQuery, type Query } from '@tanstack/react-query';
import { useState } from 'react';
import type { Video } from '../../shared/api/api';
import type { Delivery } from '../../shared/api/hooks';
import type { Problem } from '../../shared/api/problem';
import { isOver } from '../../shared/api/state';
import { usePlatform } from '../../shared/platform';

const FIRST_LOOK_MS = 1500;
const LONGEST_LOOK_MS = 60_000;
/** Where something has just happened, callbacks come about in the seconds after. */
const LOOKS = 4;

/** The callbacks of a video, oldest first. Looked at once, and more and more seldom as long as one is expected. */
export function useCallbacks(video: Video) {
  const { hooks } = usePlatform();
  const [wasOver] = useState(isOver(video));
  const [replays, setReplays] = useState(0);
  const looks = wasOver && replays === 0 ? 1 : LOOKS;
  const query = useQuery<Delivery[], Problem>({
    queryKey: ['callbacks', video.id, video.state, replays],
    queryFn: () => hooks.ofVideo(video.id),
    placeholderData: keepPreviousData,
    refetchInterval: (known: Query<Delivery[], Problem>) => nextLook(known.state, looks),
  });
  const replay = useMutation<unknown, Problem, string>({
    mutationFn: (delivery) => hooks.replayOfVideo(video.id, delivery),
    onSettled: () => setReplays((n) => n + 1),
  });
  return { query, replay };
}

interface Looked {
  data: Delivery[] | undefined;
  dataUpdateCount: number;
  errorUpdateCount: number;
}

/** Milliseconds to the next look; false: none. */
export function nextLook({ data, dataUpdateCount, errorUpdateCount }: Looked, looks: number): number | false {
  const looked = dataUpdateCount + errorUpdateCount;
  const due = data?.some(({ status }) => status === 'pending') || looked < looks;
  return data !== undefined && due && Math.min(FIRST_LOOK_MS * 2 ** (looked - 1), LONGEST_LOOK_MS);
}
