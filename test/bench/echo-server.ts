// The other end of yardstick.ts: a process that answers every message with itself, until its parent is gone.
import * as grpc from "@grpc/grpc-js";
import { ECHO } from "./echo.ts";

const server = new grpc.Server();
server.addService(ECHO, {
  call: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => answer(null, call.request),
  stream: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
    call.on("data", (message) => call.write(message));
    call.on("end", () => call.end());
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(port);
});
process.on("disconnect", () => process.exit(0));
