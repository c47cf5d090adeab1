import type { Video } from '../../shared/api/api';
import type { Delivery } from '../../shared/api/hooks';
import { text } from '../../shared/text';
import { DeliveryList } from '../../shared/ui/DeliveryList';
import { Notice } from '../../shared/ui/Notice';
import { useCallbacks } from './useCallbacks';

/** Who was told of a video, if anybody was. */
export function Callbacks({ video }: { video: Video }) {
  const { query, replay } = useCallbacks(video);
  // Of a video that is gone, its own screen tells.
  const unread = query.error?.status === 404 ? null : query.error;
  const problem = replay.error ?? unread;
  if (!query.data?.length && !problem) return null;
  return (
    <section className="card callbacks" aria-labelledby="callbacks-title">
      <h2 id="callbacks-title">{text.hooks.deliveries}</h2>
      {problem && <Notice problem={problem} again={unread ? () => void query.refetch() : undefined} />}
      <DeliveryList
        deliveries={query.data ?? []}
        name={(delivery) => (
          <>
            {delivery.kind === 'upload' ? text.hooks.upload : delivery.event_type}{' '}
            <span className="url">{placeOf(delivery)}</span>
          </>
        )}
        busy={replay.isPending}
        onReplay={replay.mutate}
      />
    </section>
  );
}

/** Where it goes. What stands behind the path may be a secret. */
function placeOf({ url }: Delivery): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
