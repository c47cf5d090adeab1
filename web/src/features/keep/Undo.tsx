import { text } from '../../shared/text';
import { useRemovals } from './removals';

/** Says what was just deleted, as long as it can be had back. */
export function Undo() {
  const { removals, pending } = useRemovals();
  const last = pending.at(-1);
  return (
    <div role="status" className={last === undefined ? 'toast empty' : 'toast'}>
      {last !== undefined && (
        <>
          <span>{text.keep.deleted}</span>
          <button type="button" onClick={() => removals.undo(last)}>
            {text.keep.undo}
          </button>
        </>
      )}
    </div>
  );
}
