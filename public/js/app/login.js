/** The login page (A2), with the one-time code for a forgotten password (A6). */

import { call } from "../net/api.js";
import { onSubmit, openCardPage, typed } from "./card_page.js";

async function main() {
  const { t, memory } = await openCardPage("login.title");
  onSubmit("login", "problem", t, async () => {
    await call("POST", "/LOGIN", { username: typed("username"), password: typed("password") });
    leave(memory.place);
  });
  onSubmit("reset-form", "reset-problem", t, async () => {
    const code = typed("reset-code").replace(/\D/g, "");
    await call("POST", "/api/account/reset", {
      username: typed("username"),
      code,
      new: typed("reset-password"),
    });
    leave(memory.place);
  });
}

/** @param {string} place where the visitor came from */
function leave(place) {
  new BroadcastChannel("account").postMessage("logged in");
  location.assign(place);
}

main();
