"use strict";

// Requests carry the session of whoever has logged in to the dashboard;
// "Authorize" takes an API token instead.
SwaggerUIBundle({
  url: "../v1/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none",
  tryItOutEnabled: true,
  validatorUrl: null, // else it sends the address of the document elsewhere
});
