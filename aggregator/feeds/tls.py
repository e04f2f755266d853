"""Why no secure connection could be made: OpenSSL's reasons as ours, each with what can be done about it."""

from __future__ import annotations

import ssl
from typing import NamedTuple


class Trouble(NamedTuple):
    reason: str
    """A code; see `errors`."""
    detail: str
    advice: str


# X509_V_ERR_… of openssl/x509_vfy.h.
_CERTIFICATES = {
    9: ("tls-not-yet-valid", "Check that the clock of this machine is right."),
    10: ("tls-expired", "Its owner has to renew it: try again in some days, or write to the site."),
    18: ("tls-self-signed", "If it is a server of your own, let this machine trust its certificate."),
    19: ("tls-self-signed", "If it is a server of your own, let this machine trust its certificate."),
    20: (
        "tls-unknown-issuer",
        "Its owner may send only half of it; or this machine's list of authorities is old.",
    ),
    21: (
        "tls-unknown-issuer",
        "Its owner may send only half of it; or this machine's list of authorities is old.",
    ),
    62: ("tls-wrong-name", "Check the address: perhaps it is spelt with “www.” in front, or without."),
    64: ("tls-wrong-name", "Use the name of the site instead of its number."),
}
_OLD = frozenset(
    {
        "NO_PROTOCOLS_AVAILABLE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "UNSUPPORTED_SSL_VERSION",
    }
)
_CLEAR = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


def explain_certificate(error: Exception) -> Trouble:
    """For an error that says that the certificate was not believed."""
    code = getattr(error, "verify_code", 0)
    words = (getattr(error, "verify_message", "") or str(error)).rstrip(".")
    reason, advice = _CERTIFICATES.get(code, ("tls-certificate", "Its owner has to mend it."))
    return Trouble(reason, f"its TLS certificate is not valid: {words}", advice)


def explain_handshake(error: OSError) -> Trouble:
    """For a connection that was never made secure."""
    kind = error.reason if isinstance(error, ssl.SSLError) else ""
    if kind in _OLD:
        detail = "it speaks only an old and unsafe version of TLS"
        return Trouble(
            "tls-old", detail, "Its owner has to update the server; perhaps http:// works instead."
        )
    detail = "no secure connection (TLS) could be made"
    if kind in _CLEAR:
        return Trouble("tls-clear", detail, "Nothing there speaks TLS: try the address with http://.")
    return Trouble("tls", detail, "Try again later; if it lasts, write to the site.")
