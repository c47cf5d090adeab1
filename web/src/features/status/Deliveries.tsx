import { useMutation, useQuery } from '@tanstack/react-query';
import type { Delivery } from '../../shared/api/hooks';
import type { Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { paths } from '../../shared/route';
import { text } from '../../shared/text';
import { DeliveryList } from '../../shared/ui/DeliveryList';
import { Notice } from '../../shared/ui/Notice';

const AGAIN_MS = 5000;

/** What became of the newest callbacks to an endpoint; each can be sent again. */
export function Deliveries({ endpoint }: { endpoint: string }) {
  const { hooks } = usePlatform();
  const query = useQuery<Delivery[], Problem>({
    queryKey: ['deliveries', endpoint],
    queryFn: () => hooks.deliveries(endpoint),
    refetchInterval: AGAIN_MS,
  });
  const after = { onSuccess: () => void query.refetch() };
  const replay = useMutation<unknown, Problem, string>({
    mutationFn: (delivery) => hooks.replay(endpoint, delivery),
    ...after,
  });
  const replayFailed = useMutation<unknown, Problem>({ mutationFn: () => hooks.replayFailed(endpoint, 0), ...after });
  const problem = query.error ?? replay.error ?? replayFailed.error;
  if (!query.data) return problem && <Notice problem={problem} again={() => void query.refetch()} />;
  return (
    <>
      {problem && <Notice problem={problem} />}
      {query.data.length === 0 && <p className="hint">{text.hooks.none}</p>}
      <DeliveryList
        deliveries={query.data}
        name={(delivery) => <a href={paths.video(delivery.video_id)}>{delivery.event_type}</a>}
        busy={replay.isPending}
        onReplay={replay.mutate}
      />
      {query.data.some(hasFailed) && (
        <button type="button" disabled={replayFailed.isPending} onClick={() => replayFailed.mutate()}>
          {text.hooks.replayFailed}
        </button>
      )}
    </>
  );
}

function hasFailed({ status, attempts }: Delivery): boolean {
  return status === 'abandoned' || (status === 'pending' && attempts.length > 0);
}
