"""A self-signed certificate for a TLS test server."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def self_signed(folder: Path) -> Path | None:
    """Make a certificate for 127.0.0.1 with its key, in one file; None where no openssl program can."""
    path = folder / "server.pem"
    made = subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
            *["-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        ],
        check=False,
        capture_output=True,
        timeout=30,
    )
    if made.returncode:
        return None
    path.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return path


def tls_of(certificate: Path) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
