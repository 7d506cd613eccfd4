// Package rest serves the REST API of a Master as openapi.yaml describes it,
// signs browsers in, and serves the operational endpoints of every unit.
//
// It decides who may call and how answers look; what they say comes from the
// Master it is given. It knows neither GraphQL (graph) nor the dashboard
// (frontend): both are handlers that it puts behind the same door.
package rest

//go:generate go tool oapi-codegen -config oapi-codegen.yaml openapi.yaml
