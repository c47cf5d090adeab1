import { useSyncExternalStore } from 'react';

/** Behind the #, so that one file serves every address, and none of them is told to the server. */
export type Route = { at: 'studio'; remix: string | null } | { at: 'videos' } | { at: 'status' } | { at: 'plan' } | { at: 'video'; id: string };

export const paths = {
  studio: '#/',
  videos: '#/videos',
  status: '#/status',
  plan: '#/plan',
  remix: (id: string) => `#/?remix=${encodeURIComponent(id)}`,
  video: (id: string) => `#/videos/${encodeURIComponent(id)}`,
};

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first, second] = path.split('/');
  if (first === 'videos') return second ? { at: 'video', id: decoded(second) } : { at: 'videos' };
  if (first === 'status' || first === 'plan') return { at: first };
  return { at: 'studio', remix: new URLSearchParams(query).get('remix') };
}

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(onChange, () => location.hash));
}

function onChange(told: () => void) {
  addEventListener('hashchange', told);
  return () => removeEventListener('hashchange', told);
}

/** Somebody may have typed it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
