import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  // `npm run dev` shows the page over a running Headway; HEADWAY_URL names another than the default one.
  const server = loadEnv(mode, ".", "HEADWAY_")["HEADWAY_URL"] ?? "http://127.0.0.1:8080";
  return {
    base: "./",
    build: {
      outDir: "../engage/static",
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2000, // the REST docs, a page of its own
      rollupOptions: { input: ["index.html", "docs.html"], checks: { bundlerTimings: false } },
    },
    server: {
      proxy: { "/api": server, "/socket.io": { target: server, ws: true } },
    },
  };
});
