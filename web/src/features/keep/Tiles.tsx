import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Video } from '../../shared/api/api';
import { Tile } from './Tile';

const GAP = 16;
const NARROWEST = 160;
/** Under the picture: the words and the state. */
const CAPTION = 76;

interface Layout {
  columns: number;
  width: number;
  top: number;
}

/** As many tiles as are seen, of however many there are. `onEnd` is called when the last of them comes near. */
export function Tiles({ videos, onEnd }: { videos: readonly Video[]; onEnd: (() => void) | undefined }) {
  const list = useRef<HTMLUListElement>(null);
  const { columns, width, top } = useLayout(list);
  const height = Math.round(width * 0.62) + CAPTION;
  const rows = Math.ceil(videos.length / columns);
  const virtualizer = useWindowVirtualizer({
    count: rows,
    estimateSize: () => height + GAP,
    overscan: 2,
    scrollMargin: top,
  });
  useEffect(() => virtualizer.measure(), [virtualizer, height]);

  const seen = virtualizer.getVirtualItems();
  const atEnd = rows === 0 || (seen.at(-1)?.index ?? 0) >= rows - 2;
  useEffect(() => {
    if (atEnd) onEnd?.();
  }, [atEnd, onEnd]);

  return (
    <ul className="tiles" ref={list} style={{ height: virtualizer.getTotalSize() }}>
      {seen.flatMap((row) =>
        videos.slice(row.index * columns, (row.index + 1) * columns).map((video, column) => (
          <li
            key={video.id}
            aria-setsize={onEnd ? -1 : videos.length}
            aria-posinset={row.index * columns + column + 1}
            style={{
              width,
              height,
              transform: `translate(${column * (width + GAP)}px, ${row.start - top}px)`,
            }}
          >
            <Tile video={video} />
          </li>
        )),
      )}
    </ul>
  );
}

function useLayout(list: React.RefObject<HTMLUListElement | null>): Layout {
  const [layout, setLayout] = useState<Layout>({ columns: 4, width: NARROWEST, top: 0 });
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = () => {
      const { width, top } = element.getBoundingClientRect();
      const columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
      setLayout({ columns, width: Math.floor((width - GAP * (columns - 1)) / columns), top: top + scrollY });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [list]);
  return layout;
}
