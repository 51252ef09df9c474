// Sends `changes` to everybody on /live, as engage does: port, updates a second and a file with one message.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "socket.io";

const [port, rate, sample] = process.argv.slice(2);
const message = JSON.parse(readFileSync(sample, "utf8"));
const http = createServer((_request, response) => response.end("ok"));
const live = new Server(http, { transports: ["websocket"], pingInterval: 5000, pingTimeout: 10000 }).of("/live");
let revision = 0;

live.on("connection", (socket) => {
  socket.emit("snapshot", { revision, now: Date.now() / 1000, broker: "connected", devices: message.devices });
  socket.join("everything");
});

setInterval(() => {
  revision += 1;
  const now = Date.now() / 1000;
  const devices = message.devices.map((device) => ({ ...device, age: Math.random(), sequence: revision }));
  const body = { since: revision - 1, revision, now, broker: "connected", devices, gone: [] };
  live.to("everything").emit("changes", body);
}, 1000 / Number(rate));

http.listen(Number(port), "127.0.0.1");
