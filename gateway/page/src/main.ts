/** Starts the page. */

import { Api } from "./api";
import { start } from "./shell";
import { applyTheme, chosenTheme } from "./theme";

applyTheme(chosenTheme());
const root = document.getElementById("page");
if (root) void start(root, new Api());
