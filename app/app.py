"""The ASGI entry point: `uvicorn app.app:app`. Reads the settings; nothing is opened before the server starts."""

import logging
from pathlib import Path

from fastapi import FastAPI

from raretriage.bucket import public_file, trusted_keys
from raretriage.privacy import Keyring, KeyringInvalid, Scrubber
from raretriage.serving import create_app
from raretriage.settings import Settings
from raretriage.storage import open_bucket

_log = logging.getLogger(__name__)


def build(settings: Settings) -> FastAPI:
    """The service that some settings describe."""
    return create_app(
        open_bucket(settings.model_uri),
        environment=settings.model_env,
        log_dir=settings.log_dir,
        load_keyring=lambda: _keyring(settings.pseudonym_key),
        scrubber=Scrubber() if settings.keep_complaint else None,
        reload_seconds=settings.reload_seconds,
        trusted=lambda: trusted_keys(settings.trusted_keys, otherwise=public_file(settings.signing_key)),
    )


def _keyring(setting: str) -> Keyring | None:
    """The keyring; None where its file has not been made yet, and then identifiers are refused."""
    try:
        return Keyring.from_settings(setting)
    except KeyringInvalid:
        if Path(setting).suffix == ".json" and not Path(setting).exists():
            _log.warning("privacy.no_keyring identifiers in requests are refused")
            return None
        raise


app = build(Settings())
