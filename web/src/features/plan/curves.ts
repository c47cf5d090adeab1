/** What the estimator says of one length and size. */
export interface Point {
  seconds: number;
  pixels: number;
  minutes: number;
  cautious: number;
  gigabytes: number;
}

/**
 * The line of equal GPU memory: for each length the minutes of the picture that needs just `gigabytes`. Between two
 * sizes both are taken to grow evenly; outside of all sizes there is no line (null).
 */
export function equalMemory(points: readonly Point[], lengths: readonly number[], gigabytes: number): (number | null)[] {
  return lengths.map((seconds) => {
    const row = points.filter((point) => point.seconds === seconds).sort((a, b) => a.pixels - b.pixels);
    for (let n = 1; n < row.length; n++) {
      const [less, more] = [row[n - 1], row[n]];
      if (!less || !more || gigabytes < less.gigabytes || gigabytes > more.gigabytes) continue;
      const span = more.gigabytes - less.gigabytes;
      const share = span === 0 ? 0 : (gigabytes - less.gigabytes) / span;
      return less.minutes + share * (more.minutes - less.minutes);
    }
    return null;
  });
}

/** A few levels of memory between the least and the most that is needed, as round as they differ. */
export function levels(points: readonly Point[], count: number): number[] {
  const all = points.map((point) => point.gigabytes);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  if (points.length === 0 || most - least < 0.1) return [];
  const step = (most - least) / (count + 1);
  const digits = step >= 1 ? 0 : 1;
  const found = Array.from({ length: count }, (_, n) => Number((least + step * (n + 1)).toFixed(digits)));
  return [...new Set(found)];
}

/** `count` lengths from the shortest to the longest, in seconds. */
export function lengthsBetween(shortest: number, longest: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => Math.round((shortest + ((longest - shortest) * n) / (count - 1)) * 100) / 100);
}
