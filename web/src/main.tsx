import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { Boundary } from './app/Boundary';
import { takeKey } from './shared/key';
import './page.css';

// Before anything else is done: rendering comes later, and by then the address may be another.
const key = takeKey();
// Screens know better where one was: what they show comes after the browser has scrolled.
history.scrollRestoration = 'manual';
const place = document.getElementById('page');
if (place) {
  createRoot(place).render(
    <StrictMode>
      <Boundary>
        <App first={key} />
      </Boundary>
    </StrictMode>,
  );
}
