"""A document as one HTML page that loads nothing: pictures are in it, there is no script and no font."""

import base64

import jinja2

from raretriage.release.document import Document


def html(document: Document) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("raretriage.release"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(data_uri=_data_uri)
    environment.tests.update(block=lambda block, kind: type(block).__name__ == kind)
    return environment.get_template("report.html").render(document=document)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
