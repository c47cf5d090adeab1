import { text } from '../../shared/text';
import { Endpoints } from './Endpoints';
import { LastHour } from './LastHour';
import { QueuePanel } from './QueuePanel';

/** One look at the state of things. */
export function Status() {
  return (
    <div className="status">
      <h1>{text.nav.status}</h1>
      <QueuePanel />
      <LastHour />
      <Endpoints />
    </div>
  );
}
