// better-auth behind node's own HTTP server. PROCESSES is the number of processes.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { admin, bearer } from "better-auth/plugins";
import pg from "pg";

const { DATABASE_URL, PORT, PROCESSES, SECRET, ADMIN_EMAIL, ADMIN_PASSWORD } = process.env;
const origin = `http://127.0.0.1:${PORT}`;
const options = {
  baseURL: origin,
  trustedOrigins: [origin],
  secret: SECRET,
  database: new pg.Pool({ connectionString: DATABASE_URL, max: 10 }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [bearer(), admin()],
};
const auth = betterAuth(options);

if (cluster.isPrimary) {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  await auth.api.createUser({
    body: { email: ADMIN_EMAIL, password: ADMIN_PASSWORD, name: "admin", role: "admin" },
  });
  await options.database.end();
  let stopping = false;
  for (let number = 0; number < Number(PROCESSES); number += 1) {
    cluster.fork();
  }
  // If a worker died, every later figure would be of fewer processes.
  cluster.on("exit", () => {
    if (!stopping) {
      process.exit(1);
    }
  });
  process.on("SIGTERM", () => {
    stopping = true;
    cluster.disconnect(() => process.exit(0));
    for (const worker of Object.values(cluster.workers)) {
      worker.kill("SIGTERM");
    }
  });
} else {
  process.on("SIGTERM", () => process.exit(0));
  createServer(toNodeHandler(auth)).listen(Number(PORT), "127.0.0.1");
}
