"""The section ``mqtt`` of ``config.yaml``."""

from ipaddress import IPv4Address
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from edge.config.section import Port, Section

TOPIC_PATTERN: Final = r"^[A-Za-z0-9_][\w/.-]*$"
"""What may begin topics: no wildcards, and nothing below the broker's own ``$SYS``."""

HOST_PATTERN: Final = r"^[A-Za-z0-9_:]([A-Za-z0-9_:-]|\.[A-Za-z0-9_:-])*$"
"""A host name or an address."""

Text = Annotated[str, Field(min_length=1, max_length=1000)]

QoS = Literal[0, 1]
"""Not 2: an outbox that outlives connections cannot keep what that promises."""


class TlsConfig(Section):
    """Who the broker must be, and who we are to it."""

    ca: Text | None = Field(
        None, description="Certificates that the broker's is signed with; null: the system's."
    )
    certificate: Text | None = Field(None, description="Ours, where the broker wants one.")
    key: Text | None = Field(None, description="The private key of ours.")

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self


class OutboxConfig(Section):
    """Events that wait for the broker."""

    messages: int = Field(1000, ge=1, le=1_000_000, description="At most; the oldest go first.")
    bytes: int = Field(10_000_000, ge=10_000, le=1_000_000_000, description="The same in bytes.")
    folder: Text | None = Field(
        None, description="Keep them on disk too, and so over a restart; null: in memory only."
    )


class TopicConfig(Section):
    """How a kind of topic goes out."""

    qos: QoS
    retain: bool


class EventTopic(TopicConfig):
    """How events go out."""

    qos: QoS = 1
    retain: bool = False


class FacesTopic(TopicConfig):
    """How present faces go out."""

    qos: QoS = 0
    retain: bool = False


class StateTopic(TopicConfig):
    """How status, connection, state and what else holds until further notice goes out.

    What holds even without the box, which is its status and what Home Assistant is told of it,
    is retained in any case.
    """

    qos: QoS = 1
    retain: bool = True


class TopicsConfig(Section):
    """Quality of service and retaining by kind of topic."""

    event: EventTopic = EventTopic()
    faces: FacesTopic = FacesTopic()
    state: StateTopic = StateTopic()

    def of(self, kind: str) -> TopicConfig:
        """Return the section of a kind."""
        kinds: dict[str, TopicConfig] = {
            "event": self.event,
            "faces": self.faces,
            "state": self.state,
            "snapshot": TopicConfig(qos=0, retain=False),  # no broker is to keep a face
        }
        return kinds[kind]


def _as_text(version: Any) -> Any:
    """Take a bare 5, which YAML reads as a number."""
    return str(version) if isinstance(version, int) else version


class MqttConfig(Section):
    """The broker that events go to."""

    broker: str = Field(
        "embedded",
        description="embedded, or a host name or address.",
        pattern=HOST_PATTERN,
        max_length=253,
    )
    port: Port = 1883
    prefix: str = Field(
        "edge-fer",
        pattern=TOPIC_PATTERN,
        max_length=200,
        description="Before all topics.",
    )
    username: str | None = Field(None, max_length=1000)
    password: SecretStr | None = Field(None, max_length=1000)
    listen: str = Field(
        "127.0.0.1",
        validate_default=True,
        description="Address of the embedded broker; beyond loopback it asks for the login above.",
    )
    version: Annotated[Literal["auto", "5", "3.1.1"], BeforeValidator(_as_text)] = Field(
        "auto", description="Of MQTT; auto: 5, or 3.1.1 where the broker refuses that."
    )
    tls: TlsConfig | None = Field(None, description="null: unencrypted.")
    topics: TopicsConfig = TopicsConfig()
    event_expiry_seconds: int = Field(
        86_400, ge=1, le=4_000_000_000, description="The broker may forget older events (MQTT 5)."
    )
    outbox: OutboxConfig = OutboxConfig()
    discovery: str | None = Field(
        None,
        pattern=TOPIC_PATTERN,
        max_length=200,
        description="Home Assistant's discovery prefix, usually homeassistant; null: no discovery.",
    )

    @property
    def embedded(self) -> bool:
        """Whether the broker is the one inside the daemon."""
        return self.broker == "embedded"

    @property
    def host(self) -> str:
        """Where to connect to."""
        if not self.embedded:
            return self.broker
        return "127.0.0.1" if self.listen == "0.0.0.0" else self.listen  # noqa: S104 - compared

    @field_validator("password")
    @classmethod
    def _password_has_its_name(
        cls, password: SecretStr | None, others: ValidationInfo
    ) -> SecretStr | None:
        if password is not None and "username" in others.data and others.data["username"] is None:
            raise ValueError("mqtt.username must be set as well: MQTT sends none without it")
        return password

    @field_validator("discovery")
    @classmethod
    def _discovery_needs_retained_states(
        cls, discovery: str | None, others: ValidationInfo
    ) -> str | None:
        topics = others.data.get("topics")
        if discovery is not None and topics is not None and not topics.state.retain:
            raise ValueError(
                "needs mqtt.topics.state.retain: Home Assistant would know nothing after its start"
            )
        return discovery

    @field_validator("listen")
    @classmethod
    def _stranger_needs_a_login(cls, listen: str, others: ValidationInfo) -> str:
        try:
            address = IPv4Address(listen)
        except ValueError:
            raise ValueError("not an IPv4 address such as 127.0.0.1 or 0.0.0.0") from None
        login = others.data.get("username"), others.data.get("password")
        if not address.is_loopback and not all(login):
            raise ValueError("beyond loopback mqtt.username and mqtt.password must be set")
        return listen

    @field_validator("tls")
    @classmethod
    def _embedded_has_no_tls(
        cls, tls: TlsConfig | None, others: ValidationInfo
    ) -> TlsConfig | None:
        if tls is not None and others.data.get("broker") == "embedded":
            raise ValueError("the embedded broker has no TLS: set mqtt.broker to one that has")
        return tls
