"""A CRM's side of the contract: every transition is applied once, and what would be sent is printed.

    STAGESTREAM_BOOTSTRAP_SERVERS=localhost:9092 python examples/crm_consumer.py

Delivery is at least once, so a consumer keeps one number per user and skips every sequence at or below it.
Here it is a dictionary; a CRM keeps it in the row of the user, in the same transaction as what it does.
"""

import json
import os
from typing import Any

from kafka import KafkaConsumer

prefix = os.environ.get("STAGESTREAM_TOPIC_PREFIX", "stagestream.")
applied: dict[str, int] = {}  # user id -> newest sequence


def apply(move: dict[str, Any]) -> None:
    """Do what the transition asks for, unless it was done before."""
    user, action = move["user_id"], move["action"]
    if move["sequence"] <= applied.get(user, 0):
        return  # a double
    applied[user] = move["sequence"]
    if move["corrects"]:
        print(f"{user}: cancel what has not been sent of {', '.join(move['corrects'])}", flush=True)
    if action and not move["replay"]:
        reasons = "; ".join(part["condition"] for part in move["evidence"])
        print(f"{user}: {action['text']} [{action['name']}, {move['effective_at']}: {reasons}]", flush=True)


consumer = KafkaConsumer(
    f"{prefix}transitions.v1",
    bootstrap_servers=os.environ.get("STAGESTREAM_BOOTSTRAP_SERVERS", "localhost:9092").split(","),
    group_id=f"{prefix}crm",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)
while True:
    batch = consumer.poll(timeout_ms=1_000)
    for records in batch.values():
        for record in records:
            apply(json.loads(record.value))
    if batch:
        consumer.commit()  # after the work: a crash repeats a transition, it never loses one
