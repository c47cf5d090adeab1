import { paths, useRoute, type Route } from '../shared/route';
import { text } from '../shared/text';
import { Studio } from './Studio';

/** What stands around every screen. */
export function Shell({ onLeave }: { onLeave: () => void }) {
  const route = useRoute();
  return (
    <>
      <header className="top">
        <a href={paths.studio} className="name">
          {text.name}
        </a>
        <nav aria-label={text.nav.label}>
          <Tab to={paths.studio} here={route.at === 'studio'} name={text.nav.studio} />
          <a href="/docs">{text.nav.docs}</a>
        </nav>
        <button type="button" className="quiet" onClick={onLeave}>
          {text.nav.leave}
        </button>
      </header>
      <main>
        <Screen route={route} />
      </main>
    </>
  );
}

function Screen({ route }: { route: Route }) {
  return <Studio remix={route.at === 'studio' ? route.remix : null} />;
}

function Tab({ to, here, name }: { to: string; here: boolean; name: string }) {
  return (
    <a href={to} aria-current={here ? 'page' : undefined}>
      {name}
    </a>
  );
}
