/** What the explorer shows at first. */
export const firstQuery = `# Ctrl-Space completes, Ctrl-Enter runs.
#
# Whoever is signed in to the dashboard is signed in here.
# Otherwise send an API token in the headers below:
#   {"Authorization": "Bearer weir_…"}

query Units {
  topology {
    units {
      name
      role
      status {
        state
        reason
        version
      }
    }
  }
}
`;
