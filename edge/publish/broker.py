"""An MQTT broker inside the daemon, on loopback, for a box that has none (amqtt)."""

import asyncio
import logging
import threading
import time
from typing import Final

from amqtt.broker import Broker
from amqtt.errors import BrokerError
from amqtt.session import Session

from edge.errors import EdgeFerError

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
_START_SECONDS: Final = 10.0


class _Broker(Broker):
    """amqtt's broker, less a fault of 0.12.

    At every connect it goes through the filters of all clients, and sends the new one the retained
    messages of topics that it never subscribed to.
    """

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribers = self._subscriptions.get(subscription[0], ())
        if any(subscriber is session for subscriber, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class EmbeddedBroker:
    """Runs on a thread with an event loop of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._broker: Broker | None = None
        self._error: Exception | None = None
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
        if self._error is not None:
            raise EdgeFerError(
                f"the embedded broker cannot listen on {LOOPBACK}:{self._port}: is another broker "
                "there? Set mqtt.port to a free one, or mqtt.broker to that broker's host"
            ) from self._error

    def stop(self, deadline: float) -> None:
        """Close all connections, by the monotonic time `deadline`."""
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
            self._broker = self._loop.run_until_complete(self._listen())
        except (BrokerError, OSError) as error:
            self._error = error
            return
        finally:
            self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> Broker:
        broker = _Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{self._port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
        await broker.start()
        return broker

    async def _shut_down(self, broker: Broker) -> None:
        try:
            await broker.shutdown()
        finally:
            self._loop.stop()
