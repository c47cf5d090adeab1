import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { decimal } from '../../shared/numbers';
import { text } from '../../shared/text';

export interface Line {
  name: string;
  values: (number | null)[];
  /** How it is drawn: a size, a level of memory, or videos that were drawn. */
  kind: 'size' | 'memory' | 'drawn';
}

const HEIGHT = 380;
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
    font: '13px system-ui, sans-serif',
  };
  const told = (_: uPlot, values: number[]) => values.map(decimal);
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: text.plan.seconds, values: told },
      { ...axis, label: text.plan.minutes, size: 70, values: (_, values) => values.map((value) => String(value)) },
    ],
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
