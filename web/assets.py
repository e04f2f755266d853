"""Static files, kept by browsers for a year under an address that changes with their bytes."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app, g, url_for

if TYPE_CHECKING:
    from flask import Flask


_MARKS = "ASSETS"


def install_assets(app: Flask) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = timedelta(days=365)
    folder = Path(app.static_folder or "")
    marks = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:10] for file in folder.iterdir()}

    app.config[_MARKS] = marks

    @app.template_global("asset")
    def asset(name: str) -> str:
        return url_for("static", filename=name, v=marks[name])

    app.add_template_global(root_address)


def list_assets() -> dict[str, str]:
    """name → what changes with the bytes"""
    found: dict[str, str] = current_app.config[_MARKS]
    return found


def root_address() -> str:
    """What a list puts before an id: to build each address would be a tenth of a page."""
    if "root_address" not in g:
        g.root_address = url_for("entries.home")
    return str(g.root_address)
