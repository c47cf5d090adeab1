import type { VideoState } from '../../shared/api/api';
import { STATES } from '../../shared/api/state';
import { text } from '../../shared/text';
import type { Filter } from './useVideos';

export function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  return (
    <search className="row filters">
      <div className="field">
        <label htmlFor="words">{text.keep.words}</label>
        <input
          id="words"
          type="search"
          value={filter.words}
          onChange={(event) => onChange({ ...filter, words: event.target.value })}
        />
      </div>
      <div className="field">
        <label htmlFor="state">{text.keep.state}</label>
        <select
          id="state"
          value={filter.state}
          onChange={(event) => onChange({ ...filter, state: event.target.value as VideoState | '' })}
        >
          <option value="">{text.keep.any}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {text.state[state]}
            </option>
          ))}
        </select>
      </div>
    </search>
  );
}
