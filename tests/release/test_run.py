"""A run's folder is replaced whole."""

from raretriage.release import name_latest, read_run
from tests.release.test_publish import make_run


def test_a_run_takes_the_place_of_an_older_one(tmp_path):
    make_run(tmp_path / "latest", version="1.0")
    (tmp_path / "latest" / "left-over.png").write_bytes(b"of the older one")
    make_run(tmp_path / "latest", version="2.0", onnx=b"another graph")
    assert read_run(tmp_path / "latest").manifest.version == "2.0"
    assert not (tmp_path / "latest" / "left-over.png").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_where_latest_is_a_name_for_another_run_the_name_is_taken_and_the_run_stays(tmp_path):
    """As `make run` leaves it: `raretriage train` after it stopped at the very end once."""
    make_run(tmp_path / "of-the-demo", version="1.0")
    (tmp_path / "latest").symlink_to("of-the-demo")
    make_run(tmp_path / "latest", version="2.0", onnx=b"another graph")
    assert not (tmp_path / "latest").is_symlink()
    assert read_run(tmp_path / "latest").manifest.version == "2.0"
    assert read_run(tmp_path / "of-the-demo").manifest.version == "1.0"


def test_latest_names_one_run_after_the_other_and_none_is_lost(tmp_path):
    for version in ("1.0", "2.0"):
        name_latest(make_run(tmp_path / f"run-{version}", version=version))
        assert read_run(tmp_path / "latest").manifest.version == version
    assert {path.name for path in tmp_path.iterdir()} == {"run-1.0", "run-2.0", "latest"}


def test_a_run_that_stands_under_the_name_itself_is_kept_under_its_version(tmp_path):
    make_run(tmp_path / "latest", version="1.0")
    name_latest(make_run(tmp_path / "new", version="2.0", onnx=b"another graph"))
    assert read_run(tmp_path / "latest").manifest.version == "2.0"
    assert read_run(tmp_path / "1.0").manifest.version == "1.0"
