import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { Boundary } from './Boundary';

function Bad(): never {
  throw new Error('out of paint');
}

test('what throws leaves what stands around it, and a way on', () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue();
  const heard = vi.fn();

  render(
    <>
      <p>Around it</p>
      <Boundary onBroken={heard}>
        <Bad />
      </Boundary>
    </>,
  );

  expect(screen.getByRole('alert')).toHaveTextContent(/^Something broke on this page/);
  expect(screen.getByRole('button', { name: 'Load again' })).toBeEnabled();
  expect(screen.getByText('Around it')).toBeInTheDocument();
  expect(heard).toHaveBeenCalledOnce();
  expect(logged).toHaveBeenCalled();
});
