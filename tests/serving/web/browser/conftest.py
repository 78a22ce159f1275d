"""Servers for the browser, without a registry where a store is enough."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from serving.model.onnx_model import Version
from serving.model.store import CURRENT, Store

WORST = {"serious", "critical"}


@pytest.fixture
def publish(
    tmp_path: Path, describe: Callable[[bytes, str], Version]
) -> Callable[[bytes, str], None]:
    """Put a model where the workers look, as the follower does."""
    store = Store(tmp_path / "store")

    def publish(content: bytes, version: str = "3") -> None:
        with store.incoming() as folder:
            file = folder / "model.onnx"
            file.write_bytes(content)
            store.publish(CURRENT, file, describe(content, version))

    return publish


@pytest.fixture
def serve(start, publish, iris_bytes):
    """Start a server with a model in its store and no follower."""

    def serve(content: bytes | None = None, **settings):
        publish(content or iris_bytes)
        return start(follow_seconds=0, workers=1, **settings)

    return serve


@pytest.fixture
def find_barriers() -> Callable[[Page], list[str]]:
    """Return a function that finds what keeps people from using a page."""

    def find(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{each['id']}: {node['html']} {node['failureSummary']}"
            for each in found
            if each["impact"] in WORST
            for node in each["nodes"]
        ]

    return find
