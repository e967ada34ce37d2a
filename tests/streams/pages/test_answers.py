"""An answer that is none still says what to do, in both forms."""

from __future__ import annotations

import json

from streams.pages.answers import RefusedError
from tests.streams.pages.reading import read, text


def test_words_stand_in_both_forms_and_facts_beside_them() -> None:
    refused = RefusedError(421, "Not here, but <there>.", facts={"partition": 3, "worker": None})
    page = read(refused.as_html())
    assert [text(part) for part in page.iter("p")] == ["Not here, but <there>."]
    assert json.loads(refused.as_json()) == {
        "error": "Not here, but <there>.",
        "partition": 3,
        "worker": None,
    }
