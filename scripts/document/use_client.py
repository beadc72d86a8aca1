"""Logs in and lists the users with the generated client. Prints the token."""

import sys

from muniment_client import AuthenticatedClient, Client
from muniment_client.api.login import post_login
from muniment_client.api.users import get_list_users
from muniment_client.models import LoggedIn, Login, UserPage

url, username, password = sys.argv[1:]
logged_in = post_login.sync(client=Client(base_url=url), body=Login(username=username, password=password))
assert isinstance(logged_in, LoggedIn), logged_in
client = AuthenticatedClient(base_url=url, token=logged_in.token)
page = get_list_users.sync(client=client)
assert isinstance(page, UserPage), page
assert [user.username for user in page.users] == [username], page
print(logged_in.token)
