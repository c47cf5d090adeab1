import { useLayoutEffect, useState, type RefObject } from 'react';
import { count } from '../../shared/numbers';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { Filters } from './Filters';
import type { Place } from './place';
import { Tiles } from './Tiles';
import { useVideos } from './useVideos';

/** All videos of the key's tenant, as they were seen when they were left: `place` is read at first, written at last. */
export function Gallery({ place }: { place: RefObject<Place> }) {
  const [{ filter: first, scroll }] = useState(place.current);
  const [filter, setFilter] = useState(first);
  const { videos, query } = useVideos(filter);
  const { error, isPending, hasNextPage, isFetchingNextPage } = query;
  useLayoutEffect(() => {
    return () => {
      place.current = { filter, scroll: window.scrollY };
    };
  }, [place, filter]);
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
        scroll={filter === first ? scroll : 0}
        onEnd={hasNextPage && !isFetchingNextPage && !error ? () => void query.fetchNextPage() : undefined}
      />
    </section>
  );
}
