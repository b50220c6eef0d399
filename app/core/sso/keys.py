"""The key pair of a SAML provider: it encrypts for the certificate in our metadata, and the private key, sealed, opens that here alone."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core.sso.models import Provider
from app.kernel import clock
from app.kernel.sealing import seal, unseal

PURPOSE = "sso/saml"
BITS, LIFE = 3072, timedelta(days=3650)


def make(provider: Provider) -> Provider:
    """A new pair in place of the one there was; the provider must be given our metadata anew."""
    key, name = rsa.generate_private_key(65537, BITS), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"opsflux {provider.id}")])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(clock.now() - timedelta(days=1))
            .not_valid_after(clock.now() + LIFE).sign(key, hashes.SHA256()))
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    provider.certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    provider.sealed_pair = seal(PURPOSE, provider.id, plain.decode())
    return provider


def private(provider: Provider) -> str:
    """The private key (PEM); empty when there is none."""
    return unseal(PURPOSE, provider.id, provider.sealed_pair) if provider.sealed_pair else ""


def lines(pem: str) -> str:
    """A certificate as XML holds it: without its first and last line, and without breaks."""
    return "".join(pem.split("-----")[2].split()) if pem.count("-----") >= 4 else "".join(pem.split())
