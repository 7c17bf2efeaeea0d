"""Front ends are built when their sources changed, and only then."""

from pathlib import Path

import pytest

from integrations import frontends


class Npm:
    """Pretends to be npm: `ci` makes node_modules, `run build` writes a page."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails = ""
        self.page = True

    def __call__(self, folder: Path, *arguments: str) -> None:
        command = " ".join(argument for argument in arguments if not argument.startswith("-"))
        self.calls.append(command)
        if command == self.fails:
            raise frontends.FrontEndError(command)
        if command == "ci":
            (folder / "node_modules").mkdir(exist_ok=True)
        elif command == "run build" and self.page:
            output = folder.parent / "dist"
            output.mkdir(exist_ok=True)
            (output / "index.html").write_text("page")


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> Npm:
    pretended = Npm()
    monkeypatch.setattr(frontends, "npm", pretended)
    return pretended


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "integrations" / "webchat" / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    (folder / "src" / "main.ts").write_text("1")
    return folder


def test_a_new_front_end_is_installed_and_built(sources: Path, npm: Npm) -> None:
    assert frontends.build(sources)
    assert npm.calls == ["ci", "run build"]
    assert frontends.is_built(sources)


def test_an_unchanged_front_end_is_left_alone(sources: Path, npm: Npm) -> None:
    frontends.build(sources)
    assert not frontends.build(sources)
    assert npm.calls == ["ci", "run build"]


def test_changed_sources_are_built_without_installing_again(sources: Path, npm: Npm) -> None:
    frontends.build(sources)
    (sources / "src" / "main.ts").write_text("2")
    frontends.build(sources)
    assert npm.calls == ["ci", "run build", "run build"]


def test_a_renamed_file_is_a_change(sources: Path, npm: Npm) -> None:
    frontends.build(sources)
    (sources / "src" / "main.ts").rename(sources / "src" / "other.ts")
    assert not frontends.is_built(sources)


def test_a_changed_lock_installs_again(sources: Path, npm: Npm) -> None:
    frontends.build(sources)
    (sources / "package-lock.json").write_text('{"new": 1}')
    frontends.build(sources)
    assert npm.calls == ["ci", "run build"] * 2


def test_tests_and_installed_packages_are_no_sources(sources: Path, npm: Npm) -> None:
    frontends.build(sources)
    (sources / "tests").mkdir()
    (sources / "tests" / "main.test.ts").write_text("1")
    (sources / "node_modules" / "file.js").write_text("1")
    assert frontends.is_built(sources)


@pytest.mark.parametrize("step", ["ci", "run build"])
def test_a_failed_build_is_tried_again(sources: Path, npm: Npm, step: str) -> None:
    npm.fails = step
    with pytest.raises(frontends.FrontEndError):
        frontends.build(sources)
    npm.fails = ""
    assert frontends.build(sources)


def test_a_build_that_leaves_no_page_is_an_error(sources: Path, npm: Npm) -> None:
    npm.page = False
    with pytest.raises(frontends.FrontEndError, match="no page"):
        frontends.build(sources)


def test_a_folder_without_package_json_is_no_front_end(sources: Path) -> None:
    root = sources.parents[2]
    (root / "integrations" / "desk" / "frontend").mkdir(parents=True)
    assert list(frontends.sources_of(root)) == ["webchat"]
