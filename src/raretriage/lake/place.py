"""Where a lake is, and what Delta Lake's faults mean in our words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError, TableNotFoundError

from raretriage.lake.errors import Conflict, LakeError, NoSuchTable, SchemaMismatch, Unreachable

_REMOTE_SCHEMES = ("s3", "gs", "az")
_REMOTE_OPTIONS = {"connect_timeout": "3s", "timeout": "600s", "max_retries": "3", "retry_timeout": "20s"}


def table_uri(url: str, table: str) -> str:
    """The URI of one table in the lake at `url` (a path, file://, s3://, gs:// or az://).

    >>> table_uri("s3://bucket/lake/", "encounters")
    's3://bucket/lake/encounters'
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return str(Path(url).absolute() / table)
    if scheme == "file":
        return str(Path(unquote(rest.removeprefix("localhost"))).absolute() / table)
    if scheme in _REMOTE_SCHEMES:
        return f"{url.rstrip('/')}/{table}"
    raise LakeError(f"{scheme}:// is no place for a lake; use a path, file://, s3://, gs:// or az://")


def storage_options(url: str) -> dict[str, str]:
    """Bounded waiting for a remote lake. Endpoint and credentials come from the provider's environment variables."""
    if not url.startswith(tuple(f"{scheme}://" for scheme in _REMOTE_SCHEMES)):
        return {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return {**_REMOTE_OPTIONS, **({"endpoint": endpoint} if endpoint and url.startswith("s3://") else {})}


@contextmanager
def answering(action: str) -> Iterator[None]:
    """Turn Delta Lake's faults into ours, without their text's data preview and without the chain that shows it."""
    try:
        yield
    except TableNotFoundError:
        raise NoSuchTable(f"{action}: no such table yet; the first ingest that has rows for it creates it") from None
    except CommitFailedError:
        raise Conflict(f"{action}: another writer committed first") from None
    except (SchemaMismatchError, pa.ArrowTypeError) as error:
        raise SchemaMismatch(f"{action}: {_fact(error)}") from None
    except (DeltaError, OSError) as error:
        raise Unreachable(f"{action}: {_fact(error)}") from None


def _fact(error: Exception) -> str:
    # Below the first line delta-rs prints rows of the table.
    return str(error).partition("\n")[0].partition("Preview of invalid data")[0][:300]
