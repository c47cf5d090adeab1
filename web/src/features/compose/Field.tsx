import type { ReactElement, ReactNode } from 'react';

export interface Described {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
}

/** A label, what belongs under it, and what the API found wrong with it, read together. */
export function Field(props: {
  id: string;
  label: string;
  hint?: ReactNode;
  wrong?: string | undefined;
  children: (described: Described) => ReactElement;
}) {
  const { id, label, hint, wrong, children } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-hint ${id}-wrong`, 'aria-invalid': wrong !== undefined })}
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <p className="wrong" id={`${id}-wrong`} role="alert">
        {wrong}
      </p>
    </div>
  );
}
