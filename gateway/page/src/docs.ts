/** The REST API, to be read and tried: the OpenAPI document as Swagger UI shows it. */

import SwaggerUI from "swagger-ui-dist/swagger-ui-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  dom_id: "#api",
  url: "/api/v1/openapi.json",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
