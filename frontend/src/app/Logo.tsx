/** Water running over a weir. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--accent-8)" />
      <path
        d="M6 10c3.3 0 3.3 3 6.7 3s3.3-3 6.6-3 3.4 3 6.7 3M6 16.5c3.3 0 3.3 3 6.7 3s3.3-3 6.6-3 3.4 3 6.7 3"
        fill="none"
        stroke="var(--accent-0)"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <path d="M6 24.5h20" stroke="var(--accent-3)" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
