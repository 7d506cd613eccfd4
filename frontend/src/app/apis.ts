/** Pages beside the dashboard that the Master serves: see site.go and rest/docs.go. */
export const explorerPath = '/graphiql';
export const referencePath = '/api/docs/';
