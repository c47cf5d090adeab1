import { useState } from 'react';
import type { Video } from '../../shared/api/api';
import { decimal } from '../../shared/numbers';
import { text } from '../../shared/text';
import { useFile } from '../../shared/ui/useFile';
import { useShown } from '../../shared/useShown';

type Grid = NonNullable<Video['variants'][number]['grid']>;

/** A film strip under the player: shows the still at a place, and takes the player there. */
export function Scrubber({ video, onScrub }: { video: Video; onScrub: (seconds: number) => void }) {
  const grid = video.variants.find(({ variant }) => variant === 'spritesheet')?.grid;
  return grid && grid.stills > 1 ? <Strip video={video} grid={grid} onScrub={onScrub} /> : null;
}

function Strip({ video, grid, onScrub }: { video: Video; grid: Grid; onScrub: (seconds: number) => void }) {
  const [still, setStill] = useState(0);
  const sheet = useFile(video, 'spritesheet');
  const shown = useShown(sheet.data);
  const secondsAt = (at: number) => (at / (grid.stills - 1)) * (video.output?.duration_s ?? 0);

  function go(to: number) {
    setStill(to);
    onScrub(secondsAt(to));
  }

  return (
    <div className="scrubber">
      <div className="still" style={{ aspectRatio: `${grid.tile_width} / ${grid.tile_height}` }}>
        <img ref={shown} alt="" style={place(grid, still)} />
      </div>
      <input
        type="range"
        aria-label={text.keep.scrub}
        aria-valuetext={text.keep.second(decimal(secondsAt(still)))}
        min={0}
        max={grid.stills - 1}
        value={still}
        onChange={(event) => go(Number(event.target.value))}
      />
    </div>
  );
}

/** Where the whole sheet must lie so that one of its stills is seen. */
export function place({ columns, rows }: Pick<Grid, 'columns' | 'rows'>, still: number) {
  const [row, column] = [Math.floor(still / columns), still % columns];
  return {
    width: `${columns * 100}%`,
    height: `${rows * 100}%`,
    transform: `translate(${(-column / columns) * 100}%, ${(-row / rows) * 100}%)`,
  };
}
