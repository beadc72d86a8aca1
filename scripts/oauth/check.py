"""Two standard clients of OAuth 2.0, Authlib and requests-oauthlib, against a running server. Usage: check.py URL PASSWORD"""

import os
import sys

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as OtherSession

# The server of the test speaks http.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

url, password = sys.argv[1:]


def passes(session, method="GET", path="/api/coiotedm/v3/devices"):
    headers = {"x-original-method": method, "x-original-uri": path}
    return session.get(f"{url}/access/forward/nginx", headers=headers).status_code == 200


metadata = requests.get(f"{url}/.well-known/oauth-authorization-server").json()
assert metadata["issuer"] == url, metadata

# What the official client of Coiote sends.
answer = requests.post(f"{url}/api/auth/oauth_password", data={"username": "admin", "password": password})
assert answer.status_code == 201 and int(answer.json()["expires_in"]) == 300, answer.text

login = requests.post(f"{url}/api/login", json={"username": "admin", "password": password}).json()
admin = requests.Session()
admin.headers["authorization"] = f"Bearer {login['token']}"
role = {"name": "resource.servers", "isShared": True, "permissions": [
    {"resource": "/oauth/introspect", "operation": "read", "context": "http"},
]}
assert admin.post(f"{url}/api/roles", json=role).status_code == 201
account = {"name": "importer", "realm": "plant", "roles": ["resource.servers", "Developer"]}
opened = admin.post(f"{url}/api/service-accounts", json=account)
assert opened.status_code == 201, opened.text
client_id, secret = opened.json()["clientId"], opened.json()["clientSecret"]
of_realm = f"{url}/iam/realms/plant/protocol/openid-connect/token"

keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"]).json())
for endpoint in [metadata["token_endpoint"], of_realm]:
    for method in ["client_secret_basic", "client_secret_post"]:
        assert method in metadata["token_endpoint_auth_methods_supported"]
        client = OAuth2Session(client_id, secret, token_endpoint_auth_method=method)
        token = client.fetch_token(endpoint, grant_type="client_credentials")
        claims = jwt.decode(token["access_token"], keys, algorithms=["Ed25519", "EdDSA"]).claims
        assert (claims["iss"], claims["sub"], claims["aud"]) == (url, client_id, "coiote"), claims
        assert passes(client) and not passes(client, "POST", "/api/coiotedm/v3/users")

client = OAuth2Session(client_id, secret, token_endpoint_auth_method="client_secret_basic")
token = client.fetch_token(of_realm, grant_type="client_credentials")["access_token"]
shown = client.introspect_token(metadata["introspection_endpoint"], token=token).json()
assert shown["active"] and shown["username"] == "importer", shown
assert client.revoke_token(metadata["revocation_endpoint"], token=token).status_code == 200
shown = client.introspect_token(metadata["introspection_endpoint"], token=token).json()
assert shown == {"active": False}, shown

if EXCHANGE in metadata["grant_types_supported"]:
    exchanged = client.fetch_token(
        metadata["token_endpoint"], grant_type=EXCHANGE, subject_token=login["token"], subject_token_type=ACCESS_TOKEN,
    )
    assert exchanged["issued_token_type"] == ACCESS_TOKEN and passes(client)

try:
    wrong = OAuth2Session(client_id, "wrong", token_endpoint_auth_method="client_secret_basic")
    wrong.fetch_token(of_realm, grant_type="client_credentials")
    raise AssertionError("a wrong secret is refused")
except OAuthError as refused:
    assert refused.error == "invalid_client", refused

other = OtherSession(client=BackendApplicationClient(client_id=client_id))
other.fetch_token(of_realm, client_id=client_id, client_secret=secret)
assert passes(other)
print("Authlib and requests-oauthlib get, use, explain and revoke tokens")
