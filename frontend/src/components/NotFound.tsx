import { Link } from '@tanstack/react-router';
import { Empty } from './Empty';

/** An address that leads nowhere; the navigation beside it leads on. */
export function NotFound() {
  return (
    <Empty title="There is no page at this address">
      Look at the <Link to="/topology">topology</Link>, or <Link to="/explore">explore flows</Link>.
    </Empty>
  );
}
