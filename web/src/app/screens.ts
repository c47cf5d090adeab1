import { lazy } from 'react';

/**
 * What is not seen first is not fetched first. React remembers for good what could not be fetched: who asks again needs
 * screens made anew. What was fetched already is not fetched twice.
 */
export const openScreens = () => ({
  Gallery: lazy(async () => ({ default: (await import('../features/keep/Gallery')).Gallery })),
  Plan: lazy(async () => ({ default: (await import('../features/plan/Plan')).Plan })),
  Status: lazy(async () => ({ default: (await import('../features/status/Status')).Status })),
});

export type Screens = ReturnType<typeof openScreens>;
