import { useCallback } from 'react';

type Showing = HTMLImageElement | HTMLVideoElement;

/** For the `ref` of what shows bytes that were fetched with a key: they have an address as long as it is there. */
export function useShown(source: Blob | null | undefined, poster?: Blob | null) {
  return useCallback(
    (element: Showing | null) => {
      if (!element) return;
      const made: string[] = [];
      const addressOf = (blob: Blob) => {
        const url = URL.createObjectURL(blob);
        made.push(url);
        return url;
      };
      if (poster && element instanceof HTMLVideoElement) element.poster = addressOf(poster);
      if (source) element.src = addressOf(source);
      return () => made.forEach((url) => URL.revokeObjectURL(url));
    },
    [source, poster],
  );
}
