"""A private certificate authority, and certificates it has signed: made anew for a test."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "of the key"
YEAR = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Pair:
    """Files of a certificate and its private key. ``chain``: both in one file, as Kafka's PEM key stores want it."""

    certificate: Path
    key: Path
    chain: Path


class Authority:
    """One authority, with its files in a folder."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self.folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).add_extension(_key_usage(signs=True), critical=True).sign(self._key, hashes.SHA256())
        self.certificate = folder / f"{name.replace(' ', '-')}.pem"
        self.certificate.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, *, protected: bool = False) -> Pair:
        """A certificate for servers and clients on this machine. ``protected``: its key needs ``PASSWORD``."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = self._builder(subject, key.public_key()).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(_key_usage(signs=False), critical=True).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        ).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        ).sign(self._key, hashes.SHA256())
        text = signed.public_bytes(serialization.Encoding.PEM)
        cover = serialization.BestAvailableEncryption(PASSWORD.encode()) if protected else serialization.NoEncryption()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cover)
        pair = Pair(*(self.folder / f"{name}.{end}" for end in ("crt.pem", "key.pem", "chain.pem")))
        for path, content in ((pair.certificate, text), (pair.key, secret), (pair.chain, secret + text)):
            path.write_bytes(content)
        return pair

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - YEAR).not_valid_after(now + YEAR)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )
