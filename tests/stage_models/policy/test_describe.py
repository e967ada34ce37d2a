from __future__ import annotations

import json
from dataclasses import asdict

from stage_models.policy import load
from stage_models.policy.describe import describe, words_of

POLICY = load(
    """
policy: shop
version: 3
goal: More second orders
owner: shop@example.com
review_by: 2027-02-01
events:
  order: [Order Completed]
  visit: {any: true, except: [Mail Sent]}
ladder:
  - {stage: signup, action: Welcome}
  - stage: buyer
    when: {all: [{performed: order, within: 7 days}, {not: {performed: visit, at_least: 9}}]}
    until: {inactive: order, for: 30 days}
    stay_at_least: 2 days
    action: {name: thanks, text: "Say \\"thanks\\" | wave"}
    owner: crm@example.com
  - {stage: end, lapsed: true, when: {inactive: visit, for: 30 days}, action: Ask why}
segments:
  - segment: big
    when: {total: order, property: revenue, at_least: 200}
    cool_down: 14 days
    action: Call them
    review_by: 2027-03-01
""",
    "shop.yaml",
)


def test_text_reads_like_the_policy() -> None:
    assert describe(POLICY) == (
        f"shop, version 3 ({POLICY.fingerprint})\n"
        """goal: More second orders
owner: shop@example.com
review by: 2027-02-01
days of: UTC

Ladder, low to high: a user is in the last stage that holds
  signup  everybody
          -> Welcome
  buyer   when at least 1 of order within 7 days and not at least 9 of visit
          until no order for 30 days
          stays at least 2 days
          -> Say "thanks" | wave
  end     (lapsed)
          when no visit for 30 days
          -> Ask why

Segments: a user can be in several
  big  when revenue of order adds up to at least 200
       again only after 14 days
       -> Call them

Events
  order  Order Completed
  visit  any event except Mail Sent
"""
    )


def test_markdown_is_a_page_with_one_table_each() -> None:
    page = describe(POLICY, "markdown")
    assert "# shop, version 3\n" in page
    assert "| signup | everybody | Welcome | shop@example.com | 2027-02-01 |\n" in page
    buyer = next(line for line in page.splitlines() if line.startswith("| buyer |"))
    who, action, owner, review_by = buyer.removeprefix("| buyer | ").removesuffix(" |").split(" | ")
    assert who.split("<br>") == [
        "when at least 1 of order within 7 days and not at least 9 of visit",
        "until no order for 30 days",
        "stays at least 2 days",
    ]
    assert (action, owner, review_by) == ('Say "thanks" \\| wave', "crm@example.com", "2027-02-01")
    assert "| end (lapsed) |" in page
    assert "| big | when revenue of order adds up to at least 200<br>again only after 14 days |" in page
    assert "| visit | any event except Mail Sent |\n" in page


def test_diagram_draws_the_ladder_and_names_nothing_after_a_word_of_mermaid() -> None:
    diagram = describe(POLICY, "mermaid")
    assert diagram.startswith("flowchart BT\n  subgraph ladder\n")
    assert "    ladder0 --> ladder1\n" in diagram
    assert '    lapsed0["<b>end</b><br>when no visit for 30 days"]\n' in diagram
    assert "  ladder -.-> lapsed\n" in diagram
    assert diagram.count("subgraph") == diagram.count("  end\n") == 3


def test_diagram_keeps_quotes_and_brackets_out_of_its_syntax() -> None:
    text = """
policy: odd
version: 1
ladder:
  - {stage: a, action: x}
  - {stage: b, when: {performed: {event: 'Say "<hi>" & go'}}, action: y}
"""
    assert "at least 1 of Say &quot;&lt;hi&gt;&quot; &amp; go" in describe(load(text, "f"), "mermaid")


def test_json_holds_all_words() -> None:
    assert json.loads(describe(POLICY, "json")) == asdict(words_of(POLICY))


def test_policy_without_segments_and_event_sets_has_no_empty_parts() -> None:
    text = "policy: bare\nversion: 1\nladder:\n  - {stage: a, action: x}\n"
    policy = load(text, "f")
    assert "Segments" not in describe(policy)
    assert "Events" not in describe(policy)
    assert "##" not in describe(policy, "markdown").replace("## Ladder", "")
    assert describe(policy, "mermaid").count("subgraph") == 1
