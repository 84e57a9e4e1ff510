"""Walking parsed JSON whose shape nobody has checked: each step either fits or gives None."""

from collections.abc import Iterator, Mapping


def at(node: object, *path: str) -> object | None:
    """The value below `path`, or None where any step is not an object that has it.

    >>> at({"a": {"b": 1}}, "a", "b"), at({"a": [1]}, "a", "b")
    (1, None)
    """
    for name in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node


def text_at(node: object, *path: str) -> str | None:
    """As `at`, for a non-empty string."""
    value = at(node, *path)
    return value if isinstance(value, str) and value else None


def items_at(node: object, *path: str) -> Iterator[object]:
    """The items of the list below `path`; nothing where there is no list."""
    value = at(node, *path)
    if isinstance(value, list):
        yield from value
