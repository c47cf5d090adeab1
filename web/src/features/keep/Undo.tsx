import { paths } from '../../shared/route';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { useRemovals } from './removals';

/** Says what was just deleted, as long as it can be had back, and what could not be deleted. */
export function Undo() {
  const { removals, pending, failed } = useRemovals();
  const last = pending.at(-1);
  return (
    <div className={last === undefined && !failed ? 'toast empty' : 'toast'}>
      {failed && (
        <section className="failed" aria-label={text.keep.undeleted}>
          <a href={paths.video(failed.id)}>{text.keep.undeleted}</a>
          <button type="button" onClick={removals.putAside}>
            {text.keep.close}
          </button>
          <Notice problem={failed.problem} again={removals.again} />
        </section>
      )}
      <div role="status" className="undo">
        {last !== undefined && (
          <>
            <span>{text.keep.deleted}</span>
            {removals.canUndo(last) && (
              <button type="button" onClick={() => removals.undo(last)}>
                {text.keep.undo}
              </button>
            )}
          </>
        )}
      </div>
    </div>
  );
}
