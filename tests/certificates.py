"""Certificates for tests, made by openssl on the spot: an authority that signs itself, for some names."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key; who trusts it, trusts only it."""

    certificate: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


def certificate(folder: Path, *names: str) -> Certificate:
    """A new certificate for `names`: `DNS:...` or `IP:...`, as openssl writes them."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    kind = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names_of = ("-subj", "/CN=flipbook test", "-addext", f"subjectAltName={','.join(names)}")
    files = ("-keyout", str(made.key), "-out", str(made.certificate))
    subprocess.run(["openssl", "req", *kind, *names_of, *files], check=True, capture_output=True, timeout=30)
    return made
