// Package generated is what gqlgen makes of the schema in graph/schema: the
// executable schema and the interfaces that graph's resolvers implement. It
// is made anew by go generate and not edited, but for this comment.
package generated
