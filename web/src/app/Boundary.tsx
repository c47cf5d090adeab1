import { Component, type ReactNode } from 'react';
import { text } from '../shared/text';

interface Props {
  children: ReactNode;
  /** Hears that what stood inside is gone. */
  onBroken?: () => void;
}

/** Where something inside throws, says so in its place: without it React would leave a white page. */
export class Boundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch() {
    this.props.onBroken?.();
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="notice" role="alert">
        <p>{text.problem.broken}</p>
        <button type="button" onClick={() => location.reload()}>
          {text.problem.reload}
        </button>
      </div>
    );
  }
}
