"""Which pages may ask for the microphone."""

import pytest

from integrations.gateway.pages import permissions_of
from integrations.gateway.settings import Settings


def settings(mode: str) -> Settings:
    return Settings(_env_file=None, mode=mode)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_the_demo_page_may_ask_for_the_microphone(path: str) -> None:
    assert "microphone=(self)" in permissions_of(path, settings("demo"))


@pytest.mark.parametrize("path", ["/webchat/", "/desk/", "/bind", "/api/config"])
def test_no_other_page_may(path: str) -> None:
    assert "microphone=()" in permissions_of(path, settings("demo"))


def test_outside_the_demo_no_page_may() -> None:
    assert "microphone=()" in permissions_of("/", settings("production"))
