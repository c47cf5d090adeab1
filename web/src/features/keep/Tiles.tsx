import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Video } from '../../shared/api/api';
import { Tile } from './Tile';

const GAP = 16;
const NARROWEST = 160;
/** Under the picture: the words and the state. */
const CAPTION = 56;

interface Layout {
  columns: number;
  width: number;
  top: number;
}

interface Props {
  videos: readonly Video[];
  /** Where the window begins at first, in pixels. */
  scroll: number;
  /** Called when the last video comes near. */
  onEnd: (() => void) | undefined;
}

/** As many tiles as are seen, of however many there are. */
export function Tiles(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const layout = useLayout(place);
  return <div ref={place}>{layout && <Rows {...props} {...layout} />}</div>;
}

function Rows({ videos, scroll, onEnd, columns, width, top }: Props & Layout) {
  const height = Math.round(width * 0.62) + CAPTION;
  const rows = Math.ceil(videos.length / columns);
  // Before the virtualizer looks where the window is, and before anything is painted.
  const start = useRef(scroll);
  useLayoutEffect(() => {
    window.scrollTo(0, start.current);
  }, []);
  const virtualizer = useWindowVirtualizer({
    initialOffset: scroll,
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
    <ul className="tiles" style={{ height: virtualizer.getTotalSize() }}>
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

/** null: nothing is laid out yet. */
function useLayout(place: RefObject<HTMLElement | null>): Layout | null {
  const [layout, setLayout] = useState<Layout | null>(null);
  useLayoutEffect(() => {
    const element = place.current;
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
  }, [place]);
  return layout;
}
