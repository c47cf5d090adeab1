import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { KeyEntry } from '../features/keys/KeyEntry';
import { openApi } from '../shared/api/api';
import { forgetKey, keepKey, keyInAddress } from '../shared/key';
import { Platform } from '../shared/platform';
import { openQueries } from './queries';
import { Shell } from './Shell';

interface Door {
  key: string | null;
  refused: boolean;
}

/** `first` is the key that the page was opened with, if any. */
export function App({ first }: { first: string | null }) {
  const [door, setDoor] = useState<Door>({ key: first, refused: false });

  // A link with a key, pasted into a tab that shows the page already, loads nothing.
  useEffect(() => {
    function look() {
      const key = keyInAddress();
      if (key !== null) setDoor({ key, refused: false });
    }
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);

  function leave(refused: boolean) {
    forgetKey();
    setDoor({ key: null, refused });
  }

  function enter(key: string) {
    keepKey(key);
    setDoor({ key, refused: false });
  }

  if (door.key === null) return <KeyEntry refused={door.refused} onKey={enter} />;
  return <Inside key={door.key} apiKey={door.key} onLeave={leave} />;
}

/** What one key opens; with another key nothing of it is left. */
function Inside({ apiKey, onLeave }: { apiKey: string; onLeave: (refused: boolean) => void }) {
  const api = useMemo(() => openApi(apiKey), [apiKey]);
  const [queries] = useState(() => openQueries(() => onLeave(true)));
  return (
    <Platform value={api}>
      <QueryClientProvider client={queries}>
        <Shell onLeave={() => onLeave(false)} />
      </QueryClientProvider>
    </Platform>
  );
}
