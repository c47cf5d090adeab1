import { useQuery } from '@tanstack/react-query';
import { Compose } from '../features/compose/Compose';
import { Remix } from '../features/compose/Remix';
import { Live } from '../features/watch/Live';
import type { Model } from '../shared/api/api';
import type { Problem } from '../shared/api/problem';
import { usePlatform } from '../shared/platform';
import { paths } from '../shared/route';
import { Notice } from '../shared/ui/Notice';
import { text } from '../shared/text';
import { useVideo } from '../shared/useVideo';

/** Where videos are asked for and watched. */
export function Studio({ remix }: { remix: string | null }) {
  const api = usePlatform();
  const models = useQuery<Model[], Problem>({ queryKey: ['models'], queryFn: api.models, staleTime: Infinity });
  const [first, ...others] = models.data ?? [];
  return (
    <div className="studio">
      <h1 className="unseen">{text.nav.studio}</h1>
      {models.error && <Notice problem={models.error} again={() => void models.refetch()} />}
      {first &&
        (remix === null ? (
          <Compose models={[first, ...others]} />
        ) : (
          <Origin id={remix} models={[first, ...others]} key={remix} />
        ))}
      <Live />
    </div>
  );
}

function Origin({ id, models }: { id: string; models: [Model, ...Model[]] }) {
  const { data: origin, error } = useVideo(id, false);
  if (error) return <Notice problem={error} />;
  if (!origin) return null;
  const model = models.find((each) => each.id === origin.model) ?? models[0];
  return <Remix model={model} origin={origin} onAsked={() => location.assign(paths.studio)} />;
}
