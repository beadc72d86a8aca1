"""A real amqtt asks a running server about its clients, in the form of mosquitto-go-auth.

    check.py SERVER HOOKS SECRET PASSWORD

SERVER and HOOKS are URLs. PASSWORD is that of the user admin.
"""

import asyncio
import json
import logging
import sys
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from amqtt.broker import Broker
from amqtt.client import MQTTClient
from amqtt.contrib.http import ParamsMode, RequestMethod, ResponseMode
from amqtt.errors import ConnectError

DEVICE, DEVICE_PASSWORD = "device1", "the-device-s-own"
# How long a message may take, and how long one that must not arrive is waited for.
PATIENCE, SILENCE = 20, 1


def call(server, path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with urlopen(Request(server + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def make_users(server, password):
    token = call(server, "/api/login", {"username": "admin", "password": password})["token"]

    def mqtt(resource, operation):
        return {"resource": resource, "operation": operation, "context": "mqtt"}

    def user(name, permissions):
        call(server, "/api/users", {
            "username": name, "password": DEVICE_PASSWORD, "identityProvider": "local",
            "grantTypes": [{"method": "password", "isRequired": False}], "initialPermissions": permissions,
        }, token)

    user(DEVICE, [mqtt("dev/one/#", "write"), mqtt("all/+", "read")])
    user("watcher", [mqtt("dev/#", "read"), mqtt("all/#", "write")])


async def connect(port, name, password):
    client = MQTTClient(client_id=f"of-{name}", config={"auto_reconnect": False})
    await asyncio.wait_for(client.connect(f"mqtt://{name}:{password}@127.0.0.1:{port}/"), PATIENCE)
    return client


async def is_refused(port, name, password):
    try:
        client = await connect(port, name, password)
    except ConnectError:
        return True
    await client.disconnect()
    return False


async def topics(client, seconds):
    """The topics of the messages that arrive before none has arrived for a while."""
    seen = []
    while True:
        try:
            message = await client.deliver_message(timeout_duration=seconds)
        except asyncio.TimeoutError:
            return seen
        seen.append(message.topic)
        seconds = SILENCE


async def check(server, hooks, secret, password):
    make_users(server, password)
    hooks = urlsplit(hooks)
    asks = {
        "host": hooks.hostname, "port": hooks.port,
        "request_method": RequestMethod.POST, "response_mode": ResponseMode.STATUS,
    }
    for mode in (ParamsMode.FORM, ParamsMode.JSON):
        asks["params_mode"] = mode
        broker = Broker({
            "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}},
            "plugins": {
                "amqtt.contrib.http.UserAuthHttpPlugin": {**asks, "user_uri": f"/hooks/mosquitto/user?secret={secret}"},
                "amqtt.contrib.http.TopicAuthHttpPlugin": {**asks, "topic_uri": f"/hooks/mosquitto/acl?secret={secret}"},
            },
        })
        await broker.start()
        try:
            listener = next(iter(broker._servers.values()))
            await check_broker(listener.instance.sockets[0].getsockname()[1])
        finally:
            await broker.shutdown()
        print(f"amqtt asks in the form {mode.value}: good")


async def check_broker(port):
    for name, guess in ((DEVICE, "a-guess"), ("nobody", DEVICE_PASSWORD), ("nobody", "x")):
        assert await is_refused(port, name, guess), f"{name} with {guess!r} is let in"
    device = await connect(port, DEVICE, DEVICE_PASSWORD)
    watcher = await connect(port, "watcher", DEVICE_PASSWORD)

    assert await watcher.subscribe([("dev/#", 1)]) == [1]
    assert await watcher.subscribe([("all/#", 1)]) == [0x80]
    granted = await device.subscribe([("all/+", 1), ("all/#", 1), ("dev/one/#", 1), ("#", 1)])
    assert granted == [1, 0x80, 0x80, 0x80], granted

    # A refused publish of MQTT 3.1.1 may be acknowledged all the same: the subscriber tells.
    await device.publish("dev/two/temperature", b"no", qos=0)
    await device.publish("dev/one/temperature", b"yes", qos=0)
    seen = await topics(watcher, PATIENCE)
    assert seen == ["dev/one/temperature"], seen
    await watcher.publish("dev/one/temperature", b"no", qos=0)
    await watcher.publish("all/news", b"yes", qos=0)
    seen = await topics(device, PATIENCE)
    assert seen == ["all/news"], seen
    for client in (device, watcher):
        await client.disconnect()


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(check(*sys.argv[1:]))
