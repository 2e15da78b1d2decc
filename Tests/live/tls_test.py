"""TLS to PostgreSQL, as libpq's `sslmode` means it: a certificate is taken or the service says why not."""

import datetime
import os
import pathlib
import shutil
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from breaking import CONTRACT, refused_start
from harness import Server, check, equal, run
from own_postgres import OwnPostgres

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates of servers."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.sign(self.key.public_key(), name, None, DAY, is_authority=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, key, name, host, until, is_authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        common = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = x509.CertificateBuilder().subject_name(common).issuer_name(issuer).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - 10 * DAY).not_valid_after(now + until)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server(self, host, until=DAY):
        """Paths of a certificate and of its key, which the server's user alone may read."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.sign(key.public_key(), host, host, until)
        paths = [self.folder / f"{host}-{until.days}.{kind}" for kind in ("crt", "key")]
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))
        paths[1].chmod(0o600)
        if os.getuid() == 0:
            shutil.chown(paths[1], "postgres")
        return {"ssl": "on", "ssl_cert_file": paths[0], "ssl_key_file": paths[1]}


class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="martlet-tls-"))
        self.path.chmod(0o755)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def url(database, host, **options):
    words = "&".join(f"{name}={value}" for name, value in {"hostaddr": "127.0.0.1", **options}.items())
    return f"postgres://martlet@{host}:{database.port}/postgres?{words}"


def served(database, address):
    """The service works there; whether its sessions have TLS."""
    with Server(CONTRACT, url=address) as server:
        equal(server.client().send("POST", "/v1/entries", {"mark": os.urandom(8).hex()}).status, 201, "a write")
        rows = database.psql(
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'martlet'"
        )
        equal(len(rows), 1, "sessions with TLS and without")
        return rows[0][0] == "t"


def refused(address, word):
    with Folder() as folder:
        words = refused_start(CONTRACT, folder, address)
        check(word in words, f"what it says: {words}")


def test_a_certificate_is_looked_at_as_sslmode_says():
    with Folder() as folder:
        ours, others = Authority(folder, "ours"), Authority(folder, "others")
        with OwnPostgres(**ours.server("db.test")) as database:
            full = {"sslmode": "verify-full", "sslrootcert": ours.path}
            check(served(database, url(database, "db.test", **full)), "verify-full: no TLS")
            refused(url(database, "other.test", **full), "does not match host name")
            check(served(database, url(database, "other.test", sslmode="verify-ca", sslrootcert=ours.path)), "verify-ca: no TLS")
            refused(url(database, "db.test", sslmode="verify-full", sslrootcert=others.path), "certificate verify failed")
            refused(url(database, "db.test", sslmode="verify-full", sslrootcert=folder / "none.pem"), "root certificate file")
            check(served(database, url(database, "other.test", sslmode="require")), "require: no TLS")
            check(served(database, url(database, "db.test")), "a server that has TLS is spoken to with it")
            check(not served(database, url(database, "db.test", sslmode="disable")), "disable: TLS")


def test_an_expired_certificate_is_refused():
    with Folder() as folder:
        authority = Authority(folder, "ours")
        with OwnPostgres(**authority.server("db.test", until=-DAY)) as database:
            check(served(database, url(database, "db.test", sslmode="require")), "the server has no TLS")
            refused(url(database, "db.test", sslmode="verify-full", sslrootcert=authority.path), "certificate verify failed")


def test_a_server_without_tls_is_refused_where_it_is_demanded():
    with OwnPostgres() as database:
        refused(url(database, "db.test", sslmode="require"), "does not support SSL")
        check(not served(database, url(database, "db.test")), "TLS with a server that has none")


if __name__ == "__main__":
    run(globals())
