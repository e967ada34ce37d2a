"""How kafka-python, which administrates, produces files and tails, connects to the broker."""

from __future__ import annotations

from typing import Any

from streams.settings import Settings


def connection(settings: Settings) -> dict[str, Any]:
    """The arguments that every client of kafka-python takes. Host names are verified, always."""
    security = settings.security
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "client_id": settings.app_id,
        "security_protocol": security.protocol,
    }
    if security.uses_sasl and security.password is not None:
        arguments["sasl_mechanism"] = security.mechanism
        arguments["sasl_plain_username"] = security.username
        arguments["sasl_plain_password"] = security.password.get_secret_value()
    if security.uses_tls:
        arguments["ssl_cafile"] = security.ca_file
        arguments["ssl_certfile"] = security.certificate_file
        arguments["ssl_keyfile"] = security.key_file
        if security.key_password is not None:
            arguments["ssl_password"] = security.key_password.get_secret_value()
    return arguments
