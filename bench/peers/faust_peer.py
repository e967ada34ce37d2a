"""The ladder job in idiomatic Faust: one stream, one table, a changelog record per event."""

from __future__ import annotations

import sys

import faust
import msgspec
from faust import StreamT
from faust.types import TableT

from bench.peers.ladder import State, decode, step
from bench.peers.marks import Job, Progress

job = Job()
app = faust.App(
    job.app_id,
    broker=f"kafka://{job.bootstrap_servers}",
    store="memory://",  # lighter than rocksdb://; the changelog is what makes it durable
    topic_partitions=job.partitions,
    topic_replication_factor=1,
    topic_disable_leader=True,
    broker_commit_interval=1.0,
    producer_linger=0.02,
    web_enabled=False,
    datadir=job.state_dir,
)
events = app.topic(job.source, key_type=str, value_type=bytes, value_serializer="raw")
transitions = app.topic(job.sink, key_type=str, value_type=bytes, value_serializer="raw")
users: TableT[str, State] = app.Table("users", partitions=job.partitions)
encode = msgspec.json.Encoder().encode
progress = Progress(job.total)


@app.agent(events)
async def climb(stream: StreamT[bytes]) -> None:
    """Move every user as far as their events say."""
    async for user_id, raw in stream.items():
        users[user_id], transition = step(user_id, users.get(user_id), decode(raw))
        if transition:
            _ = await transitions.send(key=user_id, value=encode(transition))
        progress.add()


if __name__ == "__main__":
    # `info`: at `warn` Faust would set the root logger to DEBUG
    sys.argv = ["faust_peer", "worker", "--loglevel=info", "--without-web"]
    app.main()
