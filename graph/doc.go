// Package graph serves the GraphQL API of a Master: the schema in schema/,
// and resolvers that ask the Master.
//
// It decides who may use which field and how things look; what they are comes
// from the Master it is given. It does not authenticate HTTP requests (package
// rest stands in front of it) and knows nothing of the REST API.
package graph

//go:generate sh -c "cd .. && go tool gqlgen generate"
