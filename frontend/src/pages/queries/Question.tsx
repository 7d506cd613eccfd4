import { Link } from '@tanstack/react-router';
import { exploreSearch, questionOf, type Job } from './jobs';
import styles from './queries.module.css';

/** What was asked; leads to the same question in Explore. */
export function Question({ request }: { request: Job['request'] }) {
  return (
    <>
      <Link to="/explore" search={exploreSearch(request)}>
        {questionOf(request)}
      </Link>
      {request.filter !== '' && <code className={styles.filter}>{request.filter}</code>}
    </>
  );
}
