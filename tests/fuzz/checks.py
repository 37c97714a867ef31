"""A check of our own for schemathesis: what the document allows is refused only for what no document can say."""

import json
import re

import schemathesis
from schemathesis import GenerationMode

#: Codes of faults that JSON Schema has words for.
OF_FORM = {
    "unknown_key",
    "unknown_value",
    "missing",
    "wrong_type",
    "out_of_range",
    "too_short",
    "too_long",
    "invalid_name",
    "one_source",
    "duplicate_key",
}
#: Where such a fault is about columns, rows or versions all the same: the end of the path, and the pointer.
OF_CONTENT = (
    ("/predict", r"#/(columns|records|x)/.*"),
    ("/infer", r"#/headers/.*"),
    ("/metrics", r"#/query/fields"),
    ("/datasets", r"#/(data|query/name)"),  # letters of every alphabet: more than regular expressions agree on
    ("/jobs", r"#/init_from/.*"),
    ("/retry", r"#/(spec/.*|from_checkpoint)"),
    ("/aliases/{alias}", r"#/version"),
    ("/predictions", r"#/dataset"),
    ("/replay", r"#/(answer|rows)/.*"),
)


@schemathesis.check
def a_fault_of_form_is_in_the_document(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """Some requests depend on columns, cells or names that are stored, and may be refused; but never for their form."""
    if response.status_code not in {400, 422} or case.meta is None:
        return
    if case.meta.generation.mode != GenerationMode.POSITIVE or case.media_type == "application/octet-stream":
        return  # no document says what bytes hold
    faults = json.loads(response.content).get("errors", [])
    found = [fault for fault in faults if fault["code"] in OF_FORM and not _is_of_content(case.operation.path, fault)]
    assert not found, f"The document allows this: {found[:3]}"


def _is_of_content(path: str, fault: dict[str, str]) -> bool:
    return any(path.endswith(end) and re.fullmatch(pointer, fault["pointer"]) for end, pointer in OF_CONTENT)
