import { Alert, Button, PasswordInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { Logo } from '../app/Logo';
import styles from './LoginPage.module.css';
import { sessionKey, signIn } from './session';

/** Only paths of this dashboard: a link must not send anyone elsewhere. */
export const safeNext = (next: string | undefined): string =>
  next && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/';

export function LoginPage() {
  const { next } = useSearch({ strict: false }) as { next?: string };
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      await signIn(token.trim());
      queries.removeQueries({ queryKey: sessionKey });
      await navigate({ href: safeNext(next) });
    } catch (cause) {
      setProblem(cause instanceof Error ? cause.message : String(cause));
      setBusy(false);
    }
  }

  return (
    <main className={styles.page}>
      <form className={`panel ${styles.card}`} onSubmit={(e) => void submit(e)}>
        <h1 className={styles.title}>
          <Logo size={26} /> Sign in to weir
        </h1>
        <PasswordInput
          label="API token"
          description="Begins with weir_"
          placeholder="weir_…"
          size="sm"
          autoFocus
          autoComplete="current-password"
          value={token}
          onChange={(e) => setToken(e.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the token', tabIndex: 0 }}
        />
        {problem !== '' && (
          <Alert role="alert" color="red" variant="outline" icon={<IconAlertTriangle />} className={styles.problem}>
            {problem}
          </Alert>
        )}
        <Button type="submit" size="sm" fullWidth loading={busy} disabled={token.trim() === ''}>
          Sign in
        </Button>
        <section className={styles.help} aria-label="How to get a token">
          <h2>No token yet?</h2>
          <p>
            <code>weir demo</code> prints one when it starts, and keeps it in its data directory. On a deployment of
            your own, run this on the Master:
          </p>
          <pre>weir token create --role viewer --name &quot;my name&quot;</pre>
          <p>Roles: viewer sees and asks, operator changes the topology, admin also makes tokens.</p>
        </section>
      </form>
    </main>
  );
}
