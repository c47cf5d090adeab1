import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Video } from '../api/api';
import type { Problem } from '../api/problem';
import { isLost, isOver } from '../api/state';
import { usePlatform } from '../platform';
import { paths } from '../route';
import { text } from '../text';
import { Notice } from './Notice';
import { keep, videoKey } from '../useVideo';

/** What can be done about a video in its state. */
export function Actions({ video }: { video: Video }) {
  const api = usePlatform();
  const client = useQueryClient();
  const settled = {
    onSuccess: (changed: Video) => keep(client, changed),
    // It may have ended while the button was pressed: look what became of it.
    onError: () => void client.invalidateQueries({ queryKey: videoKey(video.id) }),
  };
  const cancel = useMutation<Video, Problem>({ mutationFn: () => api.cancel(video.id), ...settled });
  const retry = useMutation<Video, Problem>({ mutationFn: () => api.retry(video.id), ...settled });
  const problem = retry.error ?? (cancel.error?.code === 'already_terminal' ? null : cancel.error);
  return (
    <footer className="actions">
      {!isOver(video) && (
        <button
          type="button"
          disabled={cancel.isPending || video.state === 'cancelling'}
          onClick={() => cancel.mutate()}
        >
          {text.live.cancel}
        </button>
      )}
      {isLost(video) && (
        <button type="button" disabled={retry.isPending || retry.isSuccess} onClick={() => retry.mutate()}>
          {text.live.retry}
        </button>
      )}
      {isOver(video) && (
        <a className="button" href={paths.remix(video.id)}>
          {text.live.remix}
        </a>
      )}
      {problem && <Notice problem={problem} />}
    </footer>
  );
}
