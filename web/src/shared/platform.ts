import { createContext, useContext } from 'react';
import type { Api } from './api/api';

/** The platform as the holder of the key that was entered. */
export const Platform = createContext<Api | null>(null);

export function usePlatform(): Api {
  const api = useContext(Platform);
  if (api === null) throw new Error('no key was entered yet');
  return api;
}
