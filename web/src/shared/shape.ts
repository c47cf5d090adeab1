import type { Model } from './api/api';

export interface Size {
  name: 'wide' | 'square' | 'tall' | 'small';
  value: string;
}

/** Shapes with about as many pixels as the model's own, and one with a quarter of them. */
export function sizesOf({ defaults, limits }: Model): Size[] {
  const area = defaults.width * defaults.height;
  const side = (length: number, most: number) =>
    Math.max(limits.min_side, Math.min(most, Math.round(length / limits.side_multiple) * limits.side_multiple));
  const shape = (width: number, height: number) =>
    `${side(width, limits.max_width)}x${side(height, limits.max_height)}`;
  const sizes: Size[] = [
    { name: 'wide', value: shape(defaults.width, defaults.height) },
    { name: 'square', value: shape(Math.sqrt(area), Math.sqrt(area)) },
    { name: 'tall', value: shape(defaults.height, defaults.width) },
    { name: 'small', value: shape(defaults.width / 2, defaults.height / 2) },
  ];
  return sizes.filter((size, at) => sizes.findIndex((other) => other.value === size.value) === at);
}

export const longest = ({ limits }: Model) => Math.floor((limits.max_frames / limits.fps) * 10) / 10;
export const shortest = ({ limits }: Model) => Math.ceil(((limits.frame_stride + 1) / limits.fps) * 10) / 10;
