/** Watch: all workflows, or one of them live. */

export { workflowsView } from "./history";
export { workflowView } from "./workflow";
