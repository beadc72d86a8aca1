// oidc-provider of npm with a store in memory: its own one keeps only a thousand things. It is measured beside Muniment by scripts/bench, group grants:
// node server.js PORT TOKENS FILE listens on 127.0.0.1, and writes as many refresh tokens to the file, one a line.
import { writeFileSync } from 'node:fs';

import { Provider } from 'oidc-provider';

const [port, tokens] = process.argv.slice(2, 4).map(Number);
const client = {
  client_id: 'bench',
  client_secret: 'a-secret-of-the-bench',
  grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['https://client.example.org/callback'],
  token_endpoint_auth_method: 'client_secret_post',
};
const stored = new Map();
class Memory {
  constructor(kind) {
    this.key = (id) => `${kind}:${id}`;
  }

  async upsert(id, payload) {
    stored.set(this.key(id), payload);
  }

  async find(id) {
    return stored.get(this.key(id));
  }

  async consume(id) {
    stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    stored.delete(this.key(id));
  }

  async revokeByGrantId() {}
}
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [client],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // Each refresh token is replaced by its use, as those of Muniment are.
  rotateRefreshToken: true,
});
provider.listen(port, '127.0.0.1', async () => {
  const found = await provider.Client.find(client.client_id);
  const lines = [];
  for (let number = 0; number < tokens; number += 1) {
    const accountId = `user-${number}`;
    const grant = new provider.Grant({ accountId, clientId: client.client_id });
    grant.addOIDCScope('offline_access');
    const token = new provider.RefreshToken({
      accountId,
      client: found,
      grantId: await grant.save(),
      gty: 'authorization_code',
      scope: 'offline_access',
    });
    lines.push(`${await token.save()}\n`);
  }
  writeFileSync(process.argv[4], lines.join(''));
  console.log(`listening on http://127.0.0.1:${port}`);
});
