import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { decimal, exact } from '../../shared/numbers';
import { text } from '../../shared/text';

export interface Line {
  name: string;
  values: (number | null)[];
  /** How it is drawn: a size, a level of memory, or videos that were drawn. */
  kind: 'size' | 'memory' | 'drawn';
}

const HEIGHT = 380;
/** At the right, for the names of the lines; and what a name takes in height. */
const NAMES = 84;
const NAME = 15;
const FONT = 'system-ui, sans-serif';
/** Steps of the axes, in seconds and minutes: as people count. */
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120];
/** Told apart without colours too. */
const DASHES: Record<Line['kind'], number[]> = { size: [], memory: [6, 5], drawn: [] };

/** Lines over `lengths`, in minutes over seconds. For eyes only: the table beside it says the same. */
export function Plot({ label, lengths, lines }: { label: string; lengths: number[]; lines: Line[] }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const plot = new uPlot(optionsFor(element, lines), [lengths, ...lines.map((line) => line.values)], element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [lengths, lines]);
  return <div className="plot" role="img" aria-label={label} ref={place} />;
}

function optionsFor(element: HTMLElement, lines: Line[]): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string) => styles.getPropertyValue(name);
  const strokes: Record<Line['kind'], string> = { size: '--main', memory: '--good', drawn: '--bad' };
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `13px ${FONT}`,
    incrs: STEPS,
  };
  const told = (_: uPlot, values: number[]) => values.map(decimal);
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [12, NAMES, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: text.plan.seconds, values: told },
      { ...axis, label: text.plan.minutes, size: 60, values: (_, values) => values.map(exact) },
    ],
    hooks: { draw: [(plot) => nameLines(plot, lines, (kind) => colour(strokes[kind]))] },
    series: [
      {},
      ...lines.map(({ name, kind }) => ({
        label: name,
        stroke: colour(strokes[kind]),
        width: kind === 'drawn' ? 0 : 2,
        dash: DASHES[kind],
        spanGaps: kind !== 'drawn',
        points: { show: kind === 'drawn', size: 7, fill: colour(strokes[kind]) },
      })),
    ],
  };
}

/** Write each line's name at its right end, one above the other where lines end close together. */
function nameLines(plot: uPlot, lines: readonly Line[], colourOf: (kind: Line['kind']) => string) {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const ends = lines
    .map((line, n) => ({ line, at: lastOf(plot.data[n + 1] ?? []) }))
    .filter(({ line, at }) => line.kind !== 'drawn' && at >= 0)
    .map(({ line, at }) => ({
      line,
      x: plot.valToPos(plot.data[0][at] ?? 0, 'x', true),
      y: plot.valToPos(line.values[at] ?? 0, 'y', true),
    }))
    .sort((a, b) => b.y - a.y);
  ctx.save();
  ctx.font = `600 ${12 * scale}px ${FONT}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  let above = Infinity;
  for (const { line, x, y } of ends) {
    above = Math.min(y, above - NAME * scale);
    ctx.fillStyle = colourOf(line.kind);
    ctx.fillText(line.name, x + 6 * scale, above);
  }
  ctx.restore();
}

const lastOf = (values: ArrayLike<unknown>) => {
  for (let n = values.length - 1; n >= 0; n--) if (values[n] != null) return n;
  return -1;
};
