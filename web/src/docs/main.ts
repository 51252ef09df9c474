// The page at /api/docs: what REST offers, from the document that the service makes of itself.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({ url: "./api/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null, docExpansion: "list" });
