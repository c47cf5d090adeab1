import { useState } from 'react';
import { count } from '../../shared/numbers';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { Filters } from './Filters';
import { Tiles } from './Tiles';
import { useVideos, type Filter } from './useVideos';

/** All videos of the key's tenant. */
export function Gallery() {
  const [filter, setFilter] = useState<Filter>({ state: '', words: '' });
  const { videos, query } = useVideos(filter);
  const { error, isPending, hasNextPage, isFetchingNextPage } = query;
  const filtered = filter.state !== '' || filter.words.trim() !== '';
  return (
    <section className="gallery">
      <h1>{text.nav.videos}</h1>
      <Filters filter={filter} onChange={setFilter} />
      <p role="status" className="hint">
        {isPending || isFetchingNextPage
          ? text.keep.loading
          : hasNextPage
            ? text.keep.some(count(videos.length))
            : text.keep.all(count(videos.length))}
      </p>
      {error && <Notice problem={error} again={() => void query.fetchNextPage()} />}
      {!isPending && !hasNextPage && videos.length === 0 && <p>{filtered ? text.keep.none : text.keep.empty}</p>}
      <Tiles
        key={filter.state}
        videos={videos}
        onEnd={hasNextPage && !isFetchingNextPage && !error ? () => void query.fetchNextPage() : undefined}
      />
    </section>
  );
}
