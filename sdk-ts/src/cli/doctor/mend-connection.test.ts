import { expect, it } from "vitest";
import { mendConnection } from "./mend-connection.ts";

it.each([
  { reason: "connect ECONNREFUSED 127.0.0.1:1", useTls: false, mend: "npm start" },
  {
    reason: "Name resolution failed for target dns:no-such-host.invalid:1",
    useTls: false,
    mend: "host name is not known",
  },
  { reason: "Setting the TLS ServerName to an IP address is not permitted", useTls: true, mend: "needs a host name" },
  { reason: "unable to verify the first certificate", useTls: true, mend: "NODE_EXTRA_CA_CERTS" },
  { reason: "write EPROTO SSL routines: wrong version number", useTls: true, mend: "http://" },
  { reason: "No connection established. Last error: Protocol error", useTls: false, mend: "https://" },
  { reason: "Deadline exceeded after 2.0s,name resolution: 0.009s", useTls: false, mend: "says nothing" },
  { reason: "something else", useTls: false, mend: "Check the address" },
])("says what to do about: $reason", ({ reason, useTls, mend }) => {
  expect(mendConnection(reason, { useTls, address: "127.0.0.1:1" })).toContain(mend);
});
