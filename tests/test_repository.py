"""What must never be in the repository, and what must agree with itself."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: nothing is tracked")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_no_download_address_of_a_package_registry_is_written_down():
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry." + "npmjs", "deb." + "debian"]
    assert [str(p) for p, text in texts() for host in hosts if host in text] == []


def test_no_model_data_or_secret_is_tracked():
    forbidden = {".onnx", ".parquet", ".pkl", ".joblib", ".duckdb", ".db", ".key", ".pem", ".ndjson", ".gz"}
    assert [str(p) for p in tracked() if p.suffix in forbidden] == []
    assert [str(p) for p in tracked() if p.stat().st_size > 1_048_576] == []


RIVALS = ["benchmarks/mlserver/requirements.txt", "benchmarks/bentoml/requirements.txt"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements/pipeline.txt", "requirements/dev.txt", *RIVALS])
def test_every_pinned_package_has_a_hash_and_none_an_address(name):
    text = (ROOT / name).read_text()
    packages = re.findall(r"^([A-Za-z0-9._-]+)==", text, flags=re.MULTILINE)
    assert len(packages) > 20
    assert "://" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", text) if "==" in block)


def test_the_service_is_pinned_to_what_the_pipeline_was_tested_with():
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", (ROOT / name).read_text(), flags=re.MULTILINE))

    dev = pins("requirements/dev.txt")
    for name in ("requirements.txt", "requirements/pipeline.txt"):
        assert {p: v for p, v in pins(name).items() if dev.get(p) != v} == {}


@pytest.mark.parametrize("name", RIVALS)
def test_what_is_compared_with_runs_the_graph_by_the_same_onnx_runtime(name):
    pin = re.compile(r"^onnxruntime==(\S+)", flags=re.MULTILINE)
    assert pin.findall((ROOT / name).read_text()) == pin.findall((ROOT / "requirements.txt").read_text())


@pytest.mark.parametrize("name", ["requirements/pipeline.txt", "requirements/dev.txt"])
def test_what_builds_the_package_is_pinned_where_it_is_installed_without_isolation(name):
    """`make run` in an empty clone stopped here once: the tests' environment had it, the pipeline's had not."""
    wanted = {*tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"], "editables"}
    pinned = re.findall(r"^([a-z0-9._-]+)==", (ROOT / name).read_text(), flags=re.MULTILINE)
    assert wanted <= set(pinned)


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = (ROOT / "requirements" / "dev.txt").read_text().lower()
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    names = [re.split(r"[\[<>=~ ]", item)[0].lower().replace("_", "-").replace(".", "-") for item in wanted]
    assert [name for name in names if f"\n{name}==" not in pinned and f"\n{name}[" not in pinned] == []


def test_ci_runs_what_the_readme_tells_a_newcomer():
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE)
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme


def test_every_setting_is_documented():
    from raretriage.settings import Settings

    text = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in text] == []


def test_every_break_still_finds_what_it_breaks():
    breaks = tomllib.loads((ROOT / "tests" / "breaks.toml").read_text(encoding="utf-8"))["break"]
    lost = [one["what"] for one in breaks if (ROOT / one["file"]).read_text(encoding="utf-8").count(one["find"]) != 1]
    assert lost == []
