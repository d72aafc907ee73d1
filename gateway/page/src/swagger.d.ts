/** As much of swagger-ui-dist, which has no types of its own, as is used here. */
declare module "swagger-ui-dist/swagger-ui-bundle.js" {
  export default function SwaggerUI(options: {
    dom_id: string;
    url: string;
    deepLinking: boolean;
    displayRequestDuration: boolean;
    /** Null: the document is sent to nobody. */
    validatorUrl: null;
  }): void;
}
