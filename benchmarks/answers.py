"""Whether every server gives the same probabilities for the same patients. Nothing is timed before that."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from benchmarks.bodies import FloatArray, read_bodies, read_expected
from benchmarks.constant import ANSWER
from benchmarks.running import NotComparable
from benchmarks.servers import Server

TOLERANCE = 1e-6
"""Of a probability."""


def check_answers(server: Server, port: int, bodies: Path) -> None:
    """Ask for every patient once.

    Raises:
        NotComparable: an answer is no 200, or is not what the graph gives.
    """
    expected = read_expected(bodies)
    sent = read_bodies(bodies, server.body)
    if len(sent) != len(expected):
        raise NotComparable(f"{len(sent)} bodies of kind {server.body} for {len(expected)} patients: prepare them anew")
    answers = _ask(server, port, sent)
    for i, answer in enumerate(answers):
        _check(server, i, answer, expected[i])


def _ask(server: Server, port: int, bodies: Sequence[bytes]) -> list[object]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    answers: list[object] = []
    try:
        for i, body in enumerate(bodies):
            connection.request("POST", server.path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                raise NotComparable(f"{server.name} answers {response.status} for patient {i}: {content[:500]!r}")
            answers.append(json.loads(content))
    finally:
        connection.close()
    return answers


def _check(server: Server, i: int, answer: object, expected: FloatArray) -> None:
    if server.probabilities is None:
        if answer != ANSWER:
            raise NotComparable(f"{server.name} answers {answer} for patient {i}, not its constant")
        return
    try:
        found = np.array(server.probabilities(answer), dtype=np.float64)
        off = float(np.abs(found - expected).max())
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NotComparable(f"{server.name} gives no probabilities for patient {i}: {str(answer)[:500]}") from error
    if not off <= TOLERANCE:  # a NaN is refused, too
        raise NotComparable(
            f"{server.name} is off by {off:.2g} for patient {i}: it answers {found}, the graph {expected}"
        )
