"""Documents of a need: taking them in, and sending them to whoever may read them."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, send_file
from werkzeug.datastructures import FileStorage

from marketplace import config
from marketplace.core.errors import Problem, insist
from marketplace.core.files import FileStore, safe_name, upload_problems
from tenders.needs.models import NeedDocument

AREA = "needs"


def store() -> FileStore:
    """Where the files of this running copy lie."""
    return FileStore(config.current().files_folder)


def take_in(upload: FileStorage, title: str) -> dict[str, Any]:
    """Stores an upload and gives it as a document item; raises Problems when it cannot be used."""
    limit = config.current().max_upload_megabytes * 1_000_000
    start = upload.stream.read(16)
    upload.stream.seek(0, 2)
    size = upload.stream.tell()
    upload.stream.seek(0)
    name = upload.filename or ""
    insist([Problem(each.message, "file") for each in upload_problems(name, start, size, limit)])
    kept = store().write(AREA, cast(BinaryIO, upload.stream), limit)
    return {
        "title": title,
        "file_key": kept.key,
        "file_name": safe_name(name),
        "size": kept.size,
        "sha256": kept.sha256,
    }


def send_document(document: NeedDocument) -> Response:
    """The file as a download under its own name, never shown inside our pages."""
    return send_file(store().path(document.file_key), as_attachment=True, download_name=document.file_name, max_age=0)
