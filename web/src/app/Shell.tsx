import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, useRef, useState, type RefObject } from 'react';
import { TOP, type Place } from '../features/keep/place';
import { forgetting, Removals, RemovalsContext, removing } from '../features/keep/removals';
import { Undo } from '../features/keep/Undo';
import { usePlatform } from '../shared/platform';
import { paths, useRoute, type Route } from '../shared/route';
import { text } from '../shared/text';
import { Boundary } from './Boundary';
import { openScreens, type Screens } from './screens';
import { Studio } from './Studio';
import { VideoScreen } from './VideoScreen';

/** What stands around every screen. */
export function Shell({ onLeave }: { onLeave: () => void }) {
  const route = useRoute();
  const api = usePlatform();
  const client = useQueryClient();
  const [removals] = useState(() => new Removals(removing(client, api), forgetting(client)));
  const [screens, setScreens] = useState(openScreens);
  const here = route.at === 'video' ? route.id : route.at;
  const main = useArrival(route, here);
  const place = useGalleryPlace(route);

  useEffect(() => {
    addEventListener('pagehide', removals.flush);
    return () => removeEventListener('pagehide', removals.flush);
  }, [removals]);

  return (
    <RemovalsContext value={removals}>
      <header className="top">
        <a href={paths.studio} className="name">
          {text.name}
        </a>
        <nav aria-label={text.nav.label}>
          <Tab to={paths.studio} here={route.at === 'studio'} name={text.nav.studio} />
          <Tab to={paths.videos} here={route.at === 'videos'} name={text.nav.videos} />
          <Tab to={paths.plan} here={route.at === 'plan'} name={text.nav.plan} />
          <Tab to={paths.status} here={route.at === 'status'} name={text.nav.status} />
          <a href="/docs">{text.nav.docs}</a>
        </nav>
        <button
          type="button"
          className="quiet"
          onClick={() => {
            removals.flush();
            onLeave();
          }}
        >
          {text.nav.leave}
        </button>
      </header>
      <main ref={main} tabIndex={-1}>
        <Boundary key={here} onBroken={() => setScreens(openScreens)}>
          <Suspense>
            <Screen route={route} place={place} screens={screens} />
          </Suspense>
        </Boundary>
      </main>
      <Undo />
    </RemovalsContext>
  );
}

function Screen({ route, place, screens }: { route: Route; place: RefObject<Place>; screens: Screens }) {
  const { Gallery, Plan, Status } = screens;
  switch (route.at) {
    case 'studio':
      return <Studio remix={route.remix} />;
    case 'videos':
      return <Gallery place={place} />;
    case 'plan':
      return <Plan />;
    case 'status':
      return <Status />;
    case 'video':
      return <VideoScreen id={route.id} />;
  }
}

/** Who comes to another screen is told so, by its title and by where the focus is. */
function useArrival(route: Route, here: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef<string>(null);
  const name = text.nav[route.at === 'video' ? 'videos' : route.at];
  useEffect(() => {
    document.title = `${name} · ${text.name}`;
    if (before.current !== null && before.current !== here) main.current?.focus({ preventScroll: true });
    before.current = here;
  }, [name, here]);
  return main;
}

/** Who comes back from a video finds the gallery as it was; every other screen is seen from its top. */
function useGalleryPlace(route: Route) {
  const place = useRef(TOP);
  const { at } = route;
  const video = at === 'video' ? route.id : null;
  useEffect(() => {
    if (at !== 'videos') window.scrollTo(0, 0);
    if (at !== 'videos' && video === null) place.current = TOP;
  }, [at, video]);
  return place;
}

function Tab({ to, here, name }: { to: string; here: boolean; name: string }) {
  return (
    <a href={to} aria-current={here ? 'page' : undefined}>
      {name}
    </a>
  );
}
