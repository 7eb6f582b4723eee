/** The sign-up page (A1). Ink drawn before comes along: the board makes it the account's first notebook. */

import { call } from "../net/api.js";
import { onSubmit, openCardPage, typed } from "./card_page.js";

async function main() {
  const { t, memory } = await openCardPage("signup.title");
  onSubmit("signup", "problem", t, async () => {
    await call("POST", "/SIGNUP", { username: typed("username"), password: typed("password") });
    memory.noteSignUp();
    new BroadcastChannel("account").postMessage("logged in");
    location.assign(memory.place);
  });
}

main();
