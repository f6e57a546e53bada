"""The section ``web`` of ``config.yaml``."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from edge.config.section import Port, Section

SCRYPT: Final = "scrypt:32768:8:1"
"""How passwords are hashed: 32 MB and about 100 ms for each try."""

_PASSWORD_HASH: Final = re.compile(re.escape(SCRYPT) + r"\$[A-Za-z0-9]+\$[0-9a-f]{128}")
_TOKEN_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")

_V6: Final = 6
_MAPPED: Final = IPv6Network("::ffff:0:0/96")

Text = Annotated[str, Field(min_length=1, max_length=1000)]


def _as_host_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name):
        raise ValueError("not a host name such as box.example.com, without a port")
    if name.rpartition(".")[2].isdigit():
        raise ValueError("an address needs no entry: the page may be asked for by every one")
    return name.lower()


def _as_network(given: Any) -> IPv4Network | IPv6Network:
    # Numbers and true would be addresses too.
    text = str(given) if isinstance(given, str | IPv4Network | IPv6Network) else ""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("not an address or a network such as 10.0.0.2 or 10.0.0.0/24") from None
    address = text.partition("/")[0]
    if str(network.network_address) != str(ip_address(address)):
        raise ValueError(f"{text}: is it the address {address} or the network {network}?")
    if network.version == _V6 and network.subnet_of(_MAPPED):
        raise ValueError(f"{text} is IPv4 dressed as IPv6: write it as IPv4")
    return network


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_as_network)]

HostName = Annotated[str, StringConstraints(max_length=253), AfterValidator(_as_host_name)]


class WebTlsConfig(Section):
    """Who we are to browsers."""

    certificate: Text = Field(description="Ours, with those that lead to its authority; PEM.")
    key: Text = Field(description="The private key of ours, without a password; PEM.")


class WebConfig(Section):
    """The page, the stream, the API and the metrics, and who may see them."""

    host: str = Field(
        "127.0.0.1", description="Address to listen on; beyond loopback only with a login."
    )
    port: Port = 8080
    max_viewers: int = Field(8, ge=1, le=100, description="Streams at the same time.")
    username: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Who may look; null: everybody who reaches the address."
    )
    password: SecretStr | None = Field(None, description="The hash that edge-fer login makes.")
    token: SecretStr | None = Field(
        None, description="For programs: the hash that edge-fer login --token makes."
    )
    tls: WebTlsConfig | None = Field(None, description="null: unencrypted.")
    proxies: tuple[Network, ...] = Field(
        (), description="Addresses or networks whose X-Forwarded-* headers are believed."
    )
    hosts: tuple[HostName, ...] = Field(
        (), description="Names that the page is asked for by, beside those of the machine."
    )

    @property
    def has_login(self) -> bool:
        """Whether anything at all needs a login."""
        return self.password is not None or self.token is not None

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines reach the server."""
        return not ip_address(self.host).is_loopback

    @field_validator("host")
    @classmethod
    def _host_is_an_address(cls, host: str) -> str:
        try:
            address = ip_address(host)
        except ValueError:
            raise ValueError("not an address such as 127.0.0.1, 0.0.0.0 or ::") from None
        # Newer Pythons call some of these loopback.
        if address.version == _V6 and address.ipv4_mapped is not None:
            raise ValueError(f"write {address.ipv4_mapped}: {host} is IPv4 dressed as IPv6")
        return host

    @field_validator("username")
    @classmethod
    def _username_goes_into_a_header(cls, username: str | None) -> str | None:
        if username is not None and (":" in username or not username.isprintable()):
            raise ValueError("no colon and no control characters: HTTP cannot carry them")
        return username

    @field_validator("password")
    @classmethod
    def _password_is_a_hash(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and not _PASSWORD_HASH.fullmatch(password.get_secret_value()):
            raise ValueError("not a hash: make one with 'edge-fer login'")
        return password

    @field_validator("token")
    @classmethod
    def _token_is_a_hash(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TOKEN_HASH.fullmatch(token.get_secret_value()):
            raise ValueError("not a hash: make a token with 'edge-fer login --token'")
        return token

    @model_validator(mode="after")
    def _strangers_need_a_login(self) -> Self:
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            raise ValueError(
                f"username and password go together: {missing} is missing "
                "('edge-fer login' makes the password's hash)"
            )
        if self.beyond_loopback and not self.has_login:
            raise ValueError(
                f"host {self.host} is beyond loopback and needs a login: set username, and "
                "password to the hash that 'edge-fer login' makes"
            )
        return self
