"""An MQTT broker inside the daemon, for a box that has none (amqtt)."""

import asyncio
import errno
import hmac
import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.errors import AMQTTError, BrokerError
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from edge.config.mqtt import MqttConfig
from edge.errors import EdgeFerError

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
_START_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 5.0
"""Who has said nothing by then is nobody."""

_CONNECTIONS: Final = 200
"""At a time; a process has 1024 files and sockets as a rule, and cameras need some too."""

_KEPT: Final = 1000
"""Messages that wait for one absent subscriber, at most; the oldest go first."""

_SESSION_SECONDS: Final = 86_400
"""An absent subscriber is forgotten after that."""

_ANONYMOUS: Final = "amqtt.plugins.authentication.AnonymousAuthPlugin"


class _Broker(Broker):
    """amqtt's broker, with bounds, and less a fault of 0.12.

    At every connect it goes through the filters of all clients, and sends the new one the retained
    messages of topics that it never subscribed to.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._connections = 0

    @property
    def delivery(self) -> Any:
        """The task that hands on messages, for as long as the broker is any use."""
        return self._broadcast_task

    async def _client_connected(
        self, listener_name: str, reader: ReaderAdapter, writer: WriterAdapter
    ) -> None:
        self._connections += 1
        try:
            if self._connections <= _CONNECTIONS:
                await super()._client_connected(listener_name, reader, writer)
        finally:
            self._connections -= 1
            with suppress(OSError):  # amqtt forgets some
                await writer.close()

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> Any:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await super()._initialize_client_session(
                    reader, writer, remote_address, remote_port
                )
        except TimeoutError:
            raise AMQTTError("no CONNECT came") from None

    async def _retain_broadcast_message(
        self, broadcast: dict[str, Any], qos: int, target_session: Session
    ) -> None:
        if target_session.retained_messages.qsize() >= _KEPT:
            target_session.retained_messages.get_nowait()
        await super()._retain_broadcast_message(broadcast, qos, target_session)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribers = self._subscriptions.get(subscription[0], ())
        if any(subscriber is session for subscriber, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class Login(BaseAuthPlugin):
    """Lets in who knows the one user name and password; amqtt finds it by its name."""

    @dataclass
    class Config:
        """What must be known."""

        username: str
        password: str

    async def authenticate(self, *, session: Session) -> bool:
        """Return whether a client may come in."""
        given = ((session.username or "").encode(), (session.password or "").encode())
        wanted = (self.config.username.encode(), self.config.password.encode())
        # Both, always: how long it takes must not tell which one was right.
        right = [hmac.compare_digest(*pair) for pair in zip(given, wanted, strict=True)]
        return all(right)


class EmbeddedBroker:
    """Runs on a thread with an event loop of its own.

    Parameters
    ----------
    port
        Where it listens.
    listen
        At which address of this box.
    username, password
        What it asks for; None: nothing, which is for loopback only.
    """

    def __init__(
        self,
        port: int,
        listen: str = LOOPBACK,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self._port = port
        self._listen = listen
        self._plugins: dict[str, dict[str, Any]] = {_ANONYMOUS: {"allow_anonymous": True}}
        if username is not None:
            login = {"username": username, "password": password or ""}
            self._plugins = {f"{__name__}.{Login.__name__}": login}
        self._loop = asyncio.new_event_loop()
        self._broker: _Broker | None = None
        self.error: Exception | None = None
        """What ended it, which only `stop` should do."""
        self._stopping = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Start to listen.

        Raises
        ------
        EdgeFerError
            If the port is taken or the broker does not come up.
        """
        # Its own logs tell of every client and plugin; what users need, the client's side says.
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise EdgeFerError(f"the embedded broker did not start in {_START_SECONDS:.0f} s")
        if isinstance(self.error, BrokerError | OSError):
            where = f"{self._listen}:{self._port}"
            raise EdgeFerError(
                f"the embedded broker cannot listen on {where}: {_why(self.error)}"
            ) from self.error
        if self.error is not None:
            raise EdgeFerError(f"the embedded broker cannot start: {self.error}") from self.error

    def stop(self, deadline: float) -> None:
        """Close all connections, by the monotonic time `deadline`."""
        self._stopping = True
        if self._broker is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut_down(self._broker), self._loop)
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        # A client that vanishes leaves tasks behind that fail: of no interest to the user.
        self._loop.set_exception_handler(
            lambda _, context: log.debug("embedded broker: %s", context["message"])
        )
        try:
            self._broker = self._loop.run_until_complete(self._begin())
            self._ready.set()
            self._loop.run_forever()
        except Exception as error:  # noqa: BLE001 - the daemon must learn of this thread's death
            self.error = error
        finally:
            if self.error is None and not self._stopping:
                self.error = EdgeFerError("its thread has ended")
            self._ready.set()

    async def _begin(self) -> _Broker:
        bind = f"{self._listen}:{self._port}"
        broker = _Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": bind}},
                "plugins": self._plugins,
                "session_expiry_interval": _SESSION_SECONDS,
            }
        )
        await broker.start()
        broker.delivery.add_done_callback(self._delivery_ended)
        return broker

    def _delivery_ended(self, delivery: asyncio.Task[Any]) -> None:
        if not self._stopping:
            error = None if delivery.cancelled() else delivery.exception()
            self.error = EdgeFerError(f"it hands on nothing any more: {error!r}")

    async def _shut_down(self, broker: Broker) -> None:
        try:
            await broker.shutdown()
        finally:
            self._loop.stop()


def _why(error: Exception) -> str:
    """Tell why it does not listen, and what to do."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    number = cause.errno if isinstance(cause, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            "is another broker there? Set mqtt.port to a free one, or mqtt.broker to that "
            "broker's host"
        )
    if number == errno.EADDRNOTAVAIL:
        return "this box has no such address; set mqtt.listen to one, or to 0.0.0.0 for all"
    if number == errno.EACCES:
        return "that needs more rights; set mqtt.port to 1024 or more"
    return f"{cause}; set mqtt.listen and mqtt.port"


def make_broker(config: MqttConfig) -> EmbeddedBroker | None:
    """Make the broker that the configuration asks for, None if that is somebody else's."""
    if not config.embedded:
        return None
    password = config.password.get_secret_value() if config.password is not None else None
    return EmbeddedBroker(config.port, config.listen, config.username, password)
